import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { AppConfig } from '../../config/config.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { AccountRepository } from './account.repository.js';
import { Poster } from './poster.js';

const MOST_REMEMBERED = 50_000;

/**
 * Opens accounts when they are first needed. The first *use* (a hold, a look at the balance) also posts the sign-up
 * credits, exactly once per user whoever comes first: the flag and the key `signup:{user}` both see to it.
 */
@Injectable()
export class AccountOpener {
  /** Accounts that need nothing more; they are never deleted, so remembering is safe. */
  private readonly opened = new LRUCache<string, true>({ max: MOST_REMEMBERED });

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly accounts: AccountRepository,
    private readonly poster: Poster,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /**
   * Makes the account ready for use. Call it before opening a transaction that uses the account.
   * @param use a mere look decides nothing when there are no sign-up credits to post (the admin program may look
   *   with another configuration than the daemon's)
   */
  async open(userId: string, use: 'spend' | 'look'): Promise<void> {
    if (this.opened.has(userId)) return;
    const account = await this.accounts.find(userId);
    const isDecided = account?.isSignupSettled ?? false;
    const decides = use === 'spend' || this.config.billing.signupCreditsMicro > 0;
    if (!account || (!isDecided && decides))
      await this.unitOfWork.run((manager) => this.prepare(userId, decides, manager));
    if (decides) this.opened.set(userId, true);
  }

  /** Makes the row only: credits put there by an operator are not yet the user's first use. */
  async openUnused(userId: string, manager: EntityManager): Promise<void> {
    if (!this.opened.has(userId)) await this.accounts.insertIfMissing(userId, this.clock.now(), manager);
  }

  private async prepare(userId: string, decides: boolean, manager: EntityManager): Promise<void> {
    await this.accounts.insertIfMissing(userId, this.clock.now(), manager);
    const isFirst = decides && (await this.accounts.claimSignup(userId, manager));
    const amountMicro = this.config.billing.signupCreditsMicro;
    if (!isFirst || amountMicro === 0) return;
    const idempotencyKey = `signup:${userId}`;
    await this.poster.post({ userId, amountMicro, code: 'signup_grant', idempotencyKey }, manager);
  }
}
