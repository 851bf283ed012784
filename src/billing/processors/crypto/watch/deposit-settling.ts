import { Injectable, Logger } from '@nestjs/common';
import { askingOnce, type ChainFacts } from '../chain/chain-facts.js';
import { ChainUnavailable } from '../chain/chain-errors.js';
import type { NetworkChain } from '../chain/network-chain.js';
import type { CryptoDeposit } from '../deposits/crypto-deposit.entity.js';
import { CryptoDepositRepository } from '../deposits/crypto-deposit.repository.js';
import { DepositCreditor } from '../deposits/deposit-creditor.js';
import type { ChainView } from './chain-view.js';
import { CreditRules } from './credit-rules.js';
import { DepositTracker } from './deposit-tracker.js';

/** One look at all deposits that wait. */
interface Look {
  chain: NetworkChain;
  view: ChainView;
  facts: ChainFacts;
}

/** Credits the deposits that are deep enough in the chain. */
@Injectable()
export class DepositSettling {
  private readonly logger = new Logger(DepositSettling.name);

  constructor(
    private readonly deposits: CryptoDepositRepository,
    private readonly tracker: DepositTracker,
    private readonly rules: CreditRules,
    private readonly creditor: DepositCreditor,
  ) {}

  async run(chain: NetworkChain, view: ChainView): Promise<void> {
    const { network, confirmedNumber = 0, settled, signal } = view;
    const deepest = Math.max(confirmedNumber, settled?.number ?? 0);
    const look = { chain, view, facts: askingOnce(view.reader) };
    for (const deposit of await this.deposits.open(network.chainId)) {
      signal.throwIfAborted();
      if (deposit.state === 'missing' || deposit.blockNumber <= deepest) await this.tryOne(look, deposit);
    }
  }

  /** What is wrong with one deposit holds no other up, but an endpoint that fails has nothing to say on any. */
  private async tryOne(look: Look, deposit: CryptoDeposit): Promise<void> {
    try {
      await this.settle(look, deposit);
    } catch (error) {
      if (error instanceof ChainUnavailable) throw error;
      this.logger.error({ msg: 'deposit not settled', deposit: deposit.id, err: error });
    }
  }

  private async settle({ chain, view, facts }: Look, waiting: CryptoDeposit): Promise<void> {
    const tracked = await this.tracker.track(facts, view, waiting);
    if (!tracked) return;
    const ruling = await this.rules.rule(chain, view, tracked);
    switch (ruling.verdict) {
      case 'wait':
        return;
      case 'dust':
        await this.deposits.change(waiting.id, ['confirming'], { state: 'dust' });
        return;
      case 'credit':
        await this.creditor.credit(tracked.deposit, ruling.worth);
    }
  }
}
