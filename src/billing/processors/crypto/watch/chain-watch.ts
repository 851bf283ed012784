import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../../../common/clock.js';
import { ChainUnavailable } from '../chain/chain-errors.js';
import type { NetworkChain } from '../chain/network-chain.js';
import { CryptoInvoiceRepository } from '../invoices/crypto-invoice.repository.js';
import { lookAtChain } from './chain-view.js';
import { WatchSteps } from './watch-steps.js';

/** One round over one chain: find, credit, guard, expire. A round that breaks off is taken up by the next. */
@Injectable()
export class ChainWatch {
  private readonly logger = new Logger(ChainWatch.name);

  constructor(
    private readonly invoices: CryptoInvoiceRepository,
    private readonly steps: WatchSteps,
    private readonly clock: Clock,
  ) {}

  async round(chain: NetworkChain, signal: AbortSignal): Promise<void> {
    try {
      await this.watch(chain, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ChainUnavailable) chain.preferNext(error);
      else this.logger.error({ msg: 'chain round failed', network: chain.network.name, err: error });
    }
  }

  /** The chain is looked at before the invoices are read: nobody can have paid, until then, what is not among them. */
  private async watch(chain: NetworkChain, signal: AbortSignal): Promise<void> {
    const view = await lookAtChain(chain, this.clock, signal);
    const watched = await this.invoices.watched(view.network.chainId, this.clock.now());
    const isCurrent = await this.steps.tokens.run(view, watched);
    if (!isCurrent || !view.isFresh) throw new ChainUnavailable(view.reader.name, lagOf(view.headAgeMs));
    await this.steps.coins.run(view, watched);
    await this.steps.settling.run(chain, view);
    await this.steps.guard.run(chain, view);
    await this.steps.expiry.run(view, watched);
  }
}

function lagOf(headAgeMs: number): string {
  return `lags: its newest block is ${Math.round(headAgeMs / 1000)} s old`;
}
