import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from '../auth/auth.module.js';
import { provideAll } from '../common/registry.js';
import { AppConfig } from '../config/config.js';
import { CreditsModule } from '../credits/credits.module.js';
import { EgressModule } from '../egress/egress.module.js';
import { GpuModule } from '../gpu/gpu.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { LoadBalancerModule } from '../loadbalancer/loadbalancer.module.js';
import { Admission } from './admission.js';
import { BodyCollector } from './body-collector.js';
import { CorsPolicy } from './cors.js';
import { DataPlaneDoor } from './data-plane.door.js';
import { DestinationFinder } from './destination-finder.js';
import { EnvelopeForwarding } from './envelope-forwarding.js';
import { ProxyGauges } from './gauges.js';
import { InFlight } from './in-flight.js';
import { MCP_ENTITIES, MCP_PROVIDERS } from './mcp/mcp.providers.js';
import { Metering } from './metering.js';
import { OPENAI_PROVIDERS } from './openai/openai.providers.js';
import { Peers } from './peers.js';
import { PROTOCOL_HANDLERS, PROTOCOLS } from './protocols/index.js';
import { MCP_CLIENT_PROVIDERS } from './protocols/mcp/mcp-protocol.providers.js';
import { OPEN_INFERENCE_PROVIDERS } from './protocols/open-inference/open-inference.providers.js';
import type { ProtocolHandler } from './protocols/protocol-handler.js';
import { ProtocolSurfaces } from './protocol-surfaces.js';
import { ProxyController } from './proxy.controller.js';
import { ProxyService } from './proxy.service.js';
import { RequestLog } from './request-log.js';
import { RequestMeter } from './request-meter.js';
import { RetryBudget } from './retry-budget.js';
import { RouteHandlers } from './route-handlers.js';
import { TransparentHandler } from './transparent.handler.js';
import { UpgradeTunnel } from './upgrade-tunnel.js';
import { UpstreamClient } from './upstream.client.js';

/** The data plane. Its door is not a Nest controller: it stands in front of the framework. */
@Module({
  imports: [
    AuthModule,
    CreditsModule,
    EgressModule,
    GpuModule,
    JobsModule,
    LoadBalancerModule,
    TypeOrmModule.forFeature(MCP_ENTITIES),
  ],
  providers: [
    Admission,
    BodyCollector,
    CorsPolicy,
    DataPlaneDoor,
    DestinationFinder,
    EnvelopeForwarding,
    {
      provide: InFlight,
      useFactory: ({ server }: AppConfig) => new InFlight(server.maxConcurrentRequests),
      inject: [AppConfig],
    },
    Metering,
    Peers,
    ProtocolSurfaces,
    ProxyController,
    ProxyGauges,
    ProxyService,
    RequestLog,
    RequestMeter,
    RetryBudget,
    RouteHandlers,
    TransparentHandler,
    UpgradeTunnel,
    UpstreamClient,
    ...MCP_CLIENT_PROVIDERS,
    ...MCP_PROVIDERS,
    ...OPENAI_PROVIDERS,
    ...OPEN_INFERENCE_PROVIDERS,
    ...provideAll<ProtocolHandler>(PROTOCOL_HANDLERS, PROTOCOLS),
  ],
  exports: [
    CorsPolicy,
    DataPlaneDoor,
    DestinationFinder,
    InFlight,
    ProxyGauges,
    ProxyService,
    UpstreamClient,
  ],
})
export class ProxyModule {}
