import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { AuditAction } from '../../audit/audit-action.js';
import { AuditLog } from '../../audit/audit-log.js';
import { creditsFromMicro } from '../../common/money.js';
import { SYSTEM, type Origin } from '../../common/origin.js';
import { AccountOpener } from '../../credits/ledger/account-opener.js';
import { AccountRepository } from '../../credits/ledger/account.repository.js';
import { CashBook, type CashMovement } from '../../credits/ledger/cash-book.js';
import { Poster, type Posted, type Posting } from '../../credits/ledger/poster.js';

/** What each movement of credits round a payment means to whoever reads the audit log. */
const ACTIONS: Partial<Record<Posting['code'], AuditAction>> = {
  purchase: 'payment.completed',
  renewal: 'payment.completed',
  refund: 'payment.refunded',
  refund_clawback: 'payment.refunded',
  refund_reversal: 'payment.refund_reversed',
  chargeback: 'payment.disputed',
  chargeback_reversal: 'payment.dispute_closed',
};

/**
 * The ledger as payments need it: inside the transaction that changes the payment's row, so that neither can be there
 * without the other. Change the row first; the ledger's own rows are locked after it, in its own order.
 */
@Injectable()
export class PaymentLedger {
  constructor(
    private readonly opener: AccountOpener,
    private readonly poster: Poster,
    private readonly accounts: AccountRepository,
    private readonly audit: AuditLog,
    private readonly cash: CashBook,
  ) {}

  /**
   * @param money what came or went over the processor with the credits
   * @throws what LedgerService.post throws
   */
  async post(
    posting: Posting & { reference: string },
    money: Pick<CashMovement, 'clearing' | 'amountMicro'>,
    manager: EntityManager,
  ): Promise<Posted> {
    const { userId, idempotencyKey, reference } = posting;
    await this.opener.openUnused(userId, manager);
    const posted = await this.poster.post(posting, manager);
    if (posted.isReplay) return posted;
    await this.cash.record({ ...money, idempotencyKey, reference }, manager);
    await this.record(posting, manager);
    return posted;
  }

  /** What the account has that is neither spent nor held; negative in overage. The allowed overage does not count. */
  async unspentMicro(userId: string, manager: EntityManager): Promise<number> {
    const { postedMicro, heldMicro } = await this.accounts.get(userId, manager);
    return postedMicro - heldMicro;
  }

  async isFrozen(userId: string, manager: EntityManager): Promise<boolean> {
    await this.opener.openUnused(userId, manager);
    return (await this.accounts.get(userId, manager)).isFrozen;
  }

  setFrozen(userId: string, isFrozen: boolean, manager: EntityManager): Promise<void> {
    return this.accounts.setFrozen(userId, isFrozen, manager);
  }

  private async record(posting: Posting, manager: EntityManager): Promise<void> {
    const { userId, amountMicro, code, reference, actorId } = posting;
    const action = ACTIONS[code];
    if (!action) return;
    const origin: Origin = actorId === undefined ? SYSTEM : { actorKind: 'user', actorId };
    const target = reference === undefined ? undefined : `payment:${reference}`;
    const details = { credits: creditsFromMicro(amountMicro), code };
    await this.audit.append({ action, origin, subjectId: userId, target, details }, manager);
  }
}
