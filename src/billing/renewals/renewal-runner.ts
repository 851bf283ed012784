import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { newId } from '../../common/id.js';
import { AutoRenewRules, type DueRenewal } from '../../credits/auto-renew/auto-renew-rules.service.js';
import { RenewalAttempts } from './renewal-attempts.js';
import type { PaymentRenewal } from './renewal.entity.js';
import { RenewalRepository } from './renewal.repository.js';

/**
 * Carries out what users' renewal rules want: one renewal in flight per user, at most three tries each, with a saved
 * card and nobody there to be asked. The rules and the month's limit are the credits module's; its list says the same
 * key again until the renewal is posted.
 */
@Injectable()
export class RenewalRunner {
  private readonly logger = new Logger(RenewalRunner.name);

  constructor(
    private readonly rules: AutoRenewRules,
    private readonly renewals: RenewalRepository,
    private readonly attempts: RenewalAttempts,
    private readonly clock: Clock,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    if (!this.attempts.isPossible) return;
    const due = await this.rules.due(this.clock.now());
    await this.closeDecided(new Set(due.map(({ idempotencyKey }) => idempotencyKey)));
    for (const renewal of due) {
      if (signal.aborted) return;
      await this.renewSafely(renewal);
    }
  }

  /** What payments have become since; a renewal that is no longer wanted and has none under way is forgotten. */
  private async closeDecided(dueKeys: ReadonlySet<string>): Promise<void> {
    for (const renewal of await this.renewals.inFlight()) {
      const current = await this.attempts.update(renewal);
      const isIdle = current.state === 'open' && current.paymentId === null;
      if (isIdle && !dueKeys.has(current.renewKey)) await this.renewals.remove(current.id);
    }
  }

  private async renewSafely(due: DueRenewal): Promise<void> {
    try {
      await this.renew(due);
    } catch (error) {
      this.logger.error({ msg: 'renewal not carried out', user: due.userId, err: error });
    }
  }

  private async renew(due: DueRenewal): Promise<void> {
    await this.renewals.insertMissing(this.rowOf(due));
    const row = await this.renewals.findByKey(due.idempotencyKey);
    const renewal = row?.state === 'failed' ? await this.revive(row) : row;
    const isTime = renewal?.state === 'open' && (renewal.tryAt ?? 0) <= this.clock.now();
    if (renewal && isTime && renewal.paymentId === null) await this.attempts.attempt(renewal, due);
  }

  /** Given up, but the user has changed the rule since: a new start. */
  private async revive(failed: PaymentRenewal): Promise<PaymentRenewal | null> {
    const rule = await this.rules.find(failed.userId);
    if (!rule || rule.updatedAt <= failed.updatedAt) return failed;
    await this.renewals.remove(failed.id);
    await this.renewals.insertMissing({ ...failed, ...this.fresh() });
    return this.renewals.findByKey(failed.renewKey);
  }

  private rowOf({ userId, amountMicro, idempotencyKey: renewKey }: DueRenewal): PaymentRenewal {
    return { userId, amountMicro, renewKey, ...this.fresh() };
  }

  private fresh(): Omit<PaymentRenewal, 'userId' | 'amountMicro' | 'renewKey'> {
    const now = this.clock.now();
    const untried = { state: 'open' as const, detail: null, tries: 0, paymentId: null };
    return { id: newId(), ...untried, tryAt: now, createdAt: now, updatedAt: now };
  }
}
