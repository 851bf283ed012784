import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AppConfig } from '../../../../config/config.js';
import { JobsService } from '../../../../jobs/jobs.service.js';
import { Chains } from '../chain/chains.js';
import { ChainWatch } from './chain-watch.js';

export const CRYPTO_WATCH_JOB = 'billing.crypto-watch';

/** Reads all chains in every round; the networks do not wait for each other. */
@Injectable()
export class CryptoWatchJob implements OnModuleInit {
  constructor(
    private readonly jobs: JobsService,
    private readonly chains: Chains,
    private readonly watch: ChainWatch,
    private readonly config: AppConfig,
  ) {}

  onModuleInit(): void {
    const { isEnabled, pollIntervalMs } = this.config.crypto;
    if (!isEnabled) return;
    this.jobs.register({
      name: CRYPTO_WATCH_JOB,
      intervalMs: pollIntervalMs,
      run: async (signal) => {
        await Promise.all(this.chains.all.map((chain) => this.watch.round(chain, signal)));
      },
    });
  }
}
