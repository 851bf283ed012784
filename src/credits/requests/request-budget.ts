import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { isDomainError, type DomainError } from '../../common/domain-error.js';
import { MICRO } from '../../common/money.js';
import { BlockAdmission, FREE_ADMISSION, type Admission } from './admission.js';
import { RequestQuota } from '../quotas/request-quota.js';
import { BlockRoom } from './block-room.js';
import { purseOf, type Purse, type SpendLimit } from './purse.js';
import { RequestPricing, type TokenCount } from './request-pricing.js';

/** How a request ended. Tokens are the engine's own count; absent where it gave none. */
export interface RequestOutcome extends TokenCount {
  /** A byte of an answer has reached the caller. Nothing else is charged. */
  isDelivered: boolean;
}

/**
 * Lets priced requests in and charges them: in memory, from a block of credits that is held in the database. What is
 * let in is always covered, so the sum of all charges never passes the funds. SQL happens only when a block is empty.
 *
 * admit (before anything is sent) → progress (long streams) → charge (once, however it ended).
 */
@Injectable()
export class RequestBudget {
  private readonly logger = new Logger(RequestBudget.name);

  constructor(
    private readonly pricing: RequestPricing,
    private readonly room: BlockRoom,
    private readonly quota: RequestQuota,
    private readonly clock: Clock,
  ) {}

  /**
   * Leave to cost up to `worstCaseMicro`: at once when requests are free or the user's block has room, and no limit
   * has to be asked for.
   * @param limit of the key that the request comes with
   * @throws (rejects) insufficient_credits and key_spend_limit_reached (402), account_frozen and quota_exceeded (403), database_unavailable (503)
   */
  admit(userId: string, worstCaseMicro: number, limit?: SpendLimit): Admission | Promise<Admission> {
    const counting = this.quota.take(userId);
    const purse = purseOf(userId, limit);
    if (counting) return counting.then(() => this.enter(purse, worstCaseMicro));
    return this.enter(purse, worstCaseMicro);
  }

  /**
   * Tells how much a stream has delivered so far, in all; its time is looked up here. More is held ahead of time when it grows beyond what was
   * expected; when the account has no more, the admission's `onExhausted` listener is called once that is used up.
   */
  progress(admission: Admission, delivered: TokenCount): void {
    if (!(admission instanceof BlockAdmission) || !admission.isOpen) return;
    const cost = this.pricing.costOf(delivered, this.timeOf(admission));
    admission.accrue(cost);
    if (cost >= admission.reservedMicro && admission.refusal) return admission.stop(admission.refusal);
    const mayGrow = !admission.isGrowing && !admission.refusal;
    if (mayGrow && cost * 2 > admission.reservedMicro) this.grow(admission);
  }

  /**
   * Ends an admission; what was reserved beyond the charge is free again. A request that failed before its first byte
   * costs nothing, a stream that was cut what it had delivered. Repeated calls answer the first one's result.
   * @returns micro-credits charged: at once, but for the rare request that cost more than was expected
   */
  charge(admission: Admission, outcome: RequestOutcome): number | Promise<number> {
    if (!(admission instanceof BlockAdmission)) return 0;
    if (!admission.isOpen) return admission.chargedMicro;
    if (admission.ending) return admission.ending;
    const { block, reservedMicro } = admission;
    const cost = outcome.isDelivered ? this.costOf(outcome, admission) : 0;
    this.room.touch(block);
    const isCovered =
      cost <= reservedMicro || block.isLost || this.room.take(admission, cost - reservedMicro);
    return isCovered ? admission.settle(cost) : (admission.ending = this.chargeLate(admission, cost));
  }

  private enter(purse: Purse, worstCaseMicro: number): Admission | Promise<Admission> {
    if (this.pricing.isFree) return FREE_ADMISSION;
    return this.room.enter(purse, worstCaseMicro) ?? this.enterLater(purse, worstCaseMicro);
  }

  /** A request that cannot be paid has not been made. */
  private async enterLater(purse: Purse, worstCaseMicro: number): Promise<Admission> {
    try {
      return await this.room.enterLater(purse, worstCaseMicro);
    } catch (error) {
      this.quota.giveBack(purse.userId);
      throw error;
    }
  }

  private costOf(outcome: RequestOutcome, admission: BlockAdmission): number {
    const cost = this.pricing.costOf(outcome, this.timeOf(admission));
    const isCounted = outcome.inputTokens !== undefined || outcome.outputTokens !== undefined;
    return isCounted ? cost : Math.max(cost, admission.accruedMicro);
  }

  private timeOf({ startedAt }: BlockAdmission): number {
    return this.clock.elapsed() - startedAt;
  }

  /** Holds as much again as was expected. */
  private grow(admission: BlockAdmission): void {
    const byMicro = Math.max(1, admission.reservedMicro);
    if (!this.room.take(admission, byMicro)) void this.growLater(admission, byMicro);
  }

  private async growLater(admission: BlockAdmission, byMicro: number): Promise<void> {
    admission.isGrowing = true;
    try {
      await this.room.takeLater(admission, byMicro);
    } catch (error) {
      if (isDomainError(error)) await this.takeRest(admission, error);
      else this.logger.error({ msg: 'a stream could not be extended', err: error });
    } finally {
      admission.isGrowing = false;
    }
  }

  /** The account has not as much again: a stream goes on until what is left is used up, too. */
  private async takeRest(admission: BlockAdmission, refusal: DomainError): Promise<void> {
    const restMicro = availableMicroOf(refusal);
    try {
      if (restMicro > 0) await this.room.takeLater(admission, restMicro);
    } catch (error) {
      // Somebody else was faster with it, or there is no database: then that was all.
      this.logger.debug({ msg: 'the rest of an account went elsewhere', err: error });
    }
    admission.refusal = refusal;
  }

  /** What the account cannot pay any more is the platform's loss, never the customer's debt. */
  private async chargeLate(admission: BlockAdmission, cost: number): Promise<number> {
    try {
      await this.room.takeLater(admission, cost - admission.reservedMicro);
    } catch (error) {
      const { block, reservedMicro } = admission;
      this.room.take(admission, Math.min(cost - reservedMicro, block.freeMicro));
      const lost_micro = cost - admission.reservedMicro;
      this.logger.warn({
        msg: 'a request cost more than its user has',
        user_id: block.userId,
        lost_micro,
        err: error,
      });
    }
    return admission.settle(cost);
  }
}

/** What a 402 says that the account still has. */
function availableMicroOf({ data }: DomainError): number {
  const available = data?.available;
  return typeof available === 'number' ? Math.round(available * MICRO) : 0;
}
