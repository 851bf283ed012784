import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { provideAll } from '../common/registry.js';
import { GPU_PROVIDERS, type GpuProvider } from './gpu-provider.js';
import { GPU_PROVIDER_ADAPTERS } from './index.js';
import { OfferSearch } from './offer-search.js';
import { ProviderMetrics } from './provider-metrics.js';
import { ProvidersService } from './providers.service.js';
import { StaticContract } from './static/static-contract.entity.js';
import { StaticContractRepository } from './static/static-contract.repository.js';

@Module({
  imports: [TypeOrmModule.forFeature([StaticContract])],
  providers: [
    ...provideAll<GpuProvider>(GPU_PROVIDERS, GPU_PROVIDER_ADAPTERS),
    StaticContractRepository,
    OfferSearch,
    ProviderMetrics,
    ProvidersService,
  ],
  exports: [ProvidersService, GPU_PROVIDERS],
})
export class ProvidersModule {}
