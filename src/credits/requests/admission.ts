import type { DomainError } from '../../common/domain-error.js';
import type { Block } from './block.js';

/** Leave for one request to cost up to so much. It must be handed to `RequestBudget.charge` when the request ends. */
export interface Admission {
  /** The most it may cost, as it stands now. */
  readonly reservedMicro: number;
  /** Tells once when the request has used up all that could be held for it: then it has to be stopped. */
  onExhausted(listener: (error: DomainError) => void): void;
}

/** Where requests cost nothing there is nothing to keep count of. */
export const FREE_ADMISSION: Admission = { reservedMicro: 0, onExhausted: () => undefined };

/** A request that spends from a block. */
export class BlockAdmission implements Admission {
  accruedMicro = 0;
  chargedMicro = 0;
  isOpen = true;
  isGrowing = false;
  /** Why the account gave no more. */
  refusal: DomainError | undefined;
  /** A charge that waits for the database. */
  ending: Promise<number> | undefined;
  private listener: ((error: DomainError) => void) | undefined;

  constructor(
    readonly block: Block,
    public reservedMicro: number,
    /** By `Clock.elapsed`. */
    readonly startedAt: number,
  ) {}

  onExhausted(listener: (error: DomainError) => void): void {
    this.listener = listener;
  }

  /** Notes that so much has been delivered, as far as it is reserved. */
  accrue(costMicro: number): void {
    const accrued = Math.max(this.accruedMicro, Math.min(costMicro, this.reservedMicro));
    this.block.accruedMicro += accrued - this.accruedMicro;
    this.accruedMicro = accrued;
  }

  grow(byMicro: number): void {
    this.block.reserve(byMicro);
    this.reservedMicro += byMicro;
  }

  /** Ends it with a charge of at most what is reserved; nothing when the block was taken away. */
  settle(costMicro: number): number {
    const { block, reservedMicro, accruedMicro } = this;
    this.isOpen = false;
    this.chargedMicro = block.isLost ? 0 : Math.min(costMicro, reservedMicro);
    block.spend(this.chargedMicro, reservedMicro, accruedMicro);
    block.inFlight--;
    return this.chargedMicro;
  }

  stop(error: DomainError): void {
    const { listener } = this;
    this.listener = undefined;
    listener?.(error);
  }
}
