import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import { createTempFolder } from '../../test/support/temp-folder.js';
import { ConfigModule } from '../config/config.module.js';
import { loadConfig } from '../config/load-config.js';
import { DatabaseModule } from '../database/database.module.js';
import { PROVIDER_NAMES } from './gpu-provider.js';
import { ProvidersModule } from './providers.module.js';
import { ProvidersService } from './providers.service.js';

describe('the module', () => {
  it('wires every farm, and leaves those without a key out of searches', { timeout: 30_000 }, async () => {
    const folder = await createTempFolder('providers');
    const machine = {
      name: 'rack-1',
      url: 'http://10.1.0.1:8000',
      gpu_model: 'L4',
      vram_gb: 24,
      price_per_hour: 0.2,
    };
    const config = loadConfig(
      {
        DB_NAME: join(folder.path, 'test.db'),
        STATIC_MACHINES: JSON.stringify([machine]),
        PROVIDER_SANDBOX: 'false',
        JWT_SECRET: 'x'.repeat(40),
      },
      {},
    );
    const app = await Test.createTestingModule({
      imports: [ConfigModule.forRoot(config), DatabaseModule.forRoot(config), ProvidersModule],
    }).compile();
    const providers = app.get(ProvidersService);
    const { offers } = await providers.searchAll({});
    await app.close();
    await folder.remove();
    expect(providers.all().map(({ name }) => name)).toEqual(PROVIDER_NAMES);
    expect(offers.map((offer) => ProvidersService.publicOfferId(offer))).toEqual(['static-rack-1']);
  });
});
