import type { Purse } from './purse.js';

/** What a block starts with, as the database has it. */
export interface BlockStart {
  holdId: string;
  purse: Purse;
  amountMicro: number;
  leaseUntil: number;
  now: number;
}

/**
 * A block of held credits, spent in memory by this process alone. At every moment spent + reserved <= amount, and
 * the hold in the database has at least `amountMicro`; so what is let in is always paid for.
 */
export class Block {
  readonly holdId: string;
  readonly purse: Purse;
  /** The hold's amount, as far as this process may rely on it. */
  amountMicro: number;
  /** Until then nobody else can take the block away. */
  leaseUntil: number;
  /** Charged for good. */
  spentMicro = 0;
  /** Worst cases of the requests under way. */
  reservedMicro = 0;
  /** The part of these that has been delivered already. */
  accruedMicro = 0;
  /** Posted to the ledger, as far as this process knows. */
  settledMicro = 0;
  /** Last written to the row. */
  notedMicro = 0;
  inFlight = 0;
  lastUsedAt: number;
  lastSettledAt: number;
  /** Nothing new is let in until the database has said how the block stands. */
  isSuspended = false;
  /** Closed by somebody else, who took this process for dead. Its further charges are nobody's. */
  isLost = false;

  constructor({ holdId, purse, amountMicro, leaseUntil, now }: BlockStart) {
    this.holdId = holdId;
    this.purse = purse;
    this.amountMicro = amountMicro;
    this.leaseUntil = leaseUntil;
    this.lastUsedAt = now;
    this.lastSettledAt = now;
  }

  get userId(): string {
    return this.purse.userId;
  }

  get freeMicro(): number {
    return this.amountMicro - this.spentMicro - this.reservedMicro;
  }

  /** What is owed if everything under way ended now. */
  get dueMicro(): number {
    return this.spentMicro + this.accruedMicro;
  }

  reserve(micro: number): void {
    this.reservedMicro += micro;
  }

  /** A request that had reserved and accrued so much ends with a charge. */
  spend(chargeMicro: number, reservedMicro: number, accruedMicro: number): void {
    this.reservedMicro -= reservedMicro;
    this.accruedMicro -= accruedMicro;
    this.spentMicro += chargeMicro;
  }
}
