import { Injectable, Logger } from '@nestjs/common';
import { MICRO } from '../../../../common/money.js';
import type { NetworkChain } from '../chain/network-chain.js';
import { ArrivalCheck } from '../deposits/arrival-check.js';
import { CryptoDepositRepository } from '../deposits/crypto-deposit.repository.js';
import type { Worth } from '../deposits/deposit-books.js';
import { microForUnits } from '../invoices/quote.js';
import type { ChainView } from './chain-view.js';
import type { TrackedDeposit } from './deposit-tracker.js';

/** Above this a second endpoint must have the deposit in the same block. */
export const WITNESSED_MICRO = 1000 * MICRO;
/** What may be credited by confirmations alone where larger sums wait for finality: at once, and per user in all. */
const MOST_UNFINAL_MICRO = 100 * MICRO;
const MOST_UNFINAL_PER_USER_MICRO = 1000 * MICRO;

/** `wait`: not yet, look again in the next round. */
export type Ruling = { verdict: 'wait' } | { verdict: 'dust' } | { verdict: 'credit'; worth: Worth };

const WAIT: Ruling = { verdict: 'wait' };

/** Decides whether a deposit that is in the chain is credited, and with how much. */
@Injectable()
export class CreditRules {
  private readonly logger = new Logger(CreditRules.name);

  constructor(
    private readonly deposits: CryptoDepositRepository,
    private readonly arrivals: ArrivalCheck,
  ) {}

  async rule(chain: NetworkChain, view: ChainView, tracked: TrackedDeposit): Promise<Ruling> {
    const { deposit, invoice } = tracked;
    const asset = view.network.assets.find(({ symbol }) => symbol === deposit.asset);
    if (!asset || asset.isPaused) return this.wait('the asset is paused or not configured', tracked);
    const price = deposit.asset === invoice.asset ? invoice : asset;
    const limit = await this.limitOf(view, microForUnits(BigInt(deposit.units), price), deposit.userId);
    if (limit === undefined || deposit.blockNumber > limit) return WAIT;
    const arrival = { deposit, invoice, reader: view.reader, blockNumber: limit };
    const units = await this.arrivals.arrivedUnits(arrival);
    if (units < BigInt(deposit.units)) this.warn('less has arrived than the log says', tracked);
    if (units === 0n) return WAIT;
    const micro = microForUnits(units, price);
    if (micro === 0 || micro < view.network.minDepositMicro) return { verdict: 'dust' };
    if (micro > WITNESSED_MICRO && !(await this.arrivals.isWitnessed(chain, arrival)))
      return this.wait('no second endpoint confirms it', tracked);
    return { verdict: 'credit', worth: { units, micro } };
  }

  /** The newest block that a deposit of this size may be credited at. */
  private async limitOf(view: ChainView, micro: number, userId: string): Promise<number | undefined> {
    const { network, confirmedNumber, settled } = view;
    const isFastLane = network.isFinalityAwaited && confirmedNumber !== undefined;
    if (!isFastLane || micro > MOST_UNFINAL_MICRO) return settled?.number;
    const outstanding = await this.deposits.unsettledMicro(userId);
    if (outstanding + micro > MOST_UNFINAL_PER_USER_MICRO) return settled?.number;
    return Math.max(confirmedNumber, settled?.number ?? 0);
  }

  private wait(reason: string, tracked: TrackedDeposit): Ruling {
    this.warn(reason, tracked);
    return WAIT;
  }

  private warn(reason: string, { deposit }: TrackedDeposit): void {
    const { id, chainId, asset, txHash } = deposit;
    this.logger.warn({ msg: 'deposit waits', reason, deposit: id, chainId, asset, txHash });
  }
}
