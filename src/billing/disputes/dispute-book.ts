import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { newOrderedId } from '../../common/id.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { clearingOf } from '../payments/clearing.js';
import { PaymentLedger } from '../payments/payment-ledger.js';
import { PaymentStanding } from '../payments/payment-standing.js';
import type { Payment } from '../payments/payment.entity.js';
import type { PaymentDispute } from './dispute.entity.js';
import { DisputeRepository } from './dispute.repository.js';

/** The books of disputes; each step is one transaction and happens once per dispute. */
@Injectable()
export class DisputeBook {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly disputes: DisputeRepository,
    private readonly standing: PaymentStanding,
    private readonly ledger: PaymentLedger,
    private readonly clock: Clock,
  ) {}

  /** Takes the credits and freezes the account. @returns false when the dispute is known */
  open({ id, userId, provider }: Payment, externalId: string, disputedMicro: number): Promise<boolean> {
    return this.unitOfWork.run(async (manager) => {
      const payment = await this.standing.lock(id, this.clock.now(), manager);
      if (await this.disputes.find(provider, externalId, manager)) return false;
      // What was refunded is gone already.
      const amountMicro = Math.min(disputedMicro, payment.creditedMicro - payment.refundedMicro);
      const wasFrozen = await this.wasFrozen(userId, manager);
      const dispute = this.rowOf(payment, { externalId, amountMicro, wasFrozen });
      await this.disputes.insert(dispute, manager);
      await this.standing.setDisputed(id, true, manager);
      if (amountMicro > 0) await this.post(dispute, 'chargeback', manager);
      await this.ledger.setFrozen(userId, true, manager);
      return true;
    });
  }

  /** Gives the credits back; the account thaws when nothing else keeps it frozen. @returns false when it was not open */
  win(payment: Payment, externalId: string): Promise<boolean> {
    return this.close(payment, externalId, 'won', async (dispute, manager) => {
      const others = await this.disputes.openOf(dispute.userId, manager);
      const isStillDisputed = others.some(({ paymentId }) => paymentId === dispute.paymentId);
      await this.standing.setDisputed(dispute.paymentId, isStillDisputed, manager);
      if (dispute.amountMicro > 0) await this.post(dispute, 'chargeback_reversal', manager);
      const isFrozen = others.length > 0 || dispute.wasFrozen;
      await this.ledger.setFrozen(dispute.userId, isFrozen, manager);
    });
  }

  /** The money stays gone, and the account frozen: an operator decides. */
  lose(payment: Payment, externalId: string): Promise<boolean> {
    return this.close(payment, externalId, 'lost', () => Promise.resolve());
  }

  private close(
    { id, provider }: Payment,
    externalId: string,
    state: 'won' | 'lost',
    work: (dispute: PaymentDispute, manager: EntityManager) => Promise<void>,
  ): Promise<boolean> {
    return this.unitOfWork.run(async (manager) => {
      const now = this.clock.now();
      await this.standing.lock(id, now, manager);
      const dispute = await this.disputes.find(provider, externalId, manager);
      if (!dispute || !(await this.disputes.close(dispute.id, state, now, manager))) return false;
      await work(dispute, manager);
      return true;
    });
  }

  /** A dispute that was won before we heard of it: nothing to do, but its money has moved out and in. */
  async note(payment: Payment, externalId: string): Promise<void> {
    const { userId, provider, id: paymentId } = payment;
    await this.unitOfWork.run(async (manager) => {
      await this.standing.lock(paymentId, this.clock.now(), manager);
      if (await this.disputes.find(provider, externalId, manager)) return;
      const wasFrozen = await this.wasFrozen(userId, manager);
      const dispute = this.rowOf(payment, { externalId, amountMicro: 0, wasFrozen });
      await this.disputes.insert({ ...dispute, state: 'won' }, manager);
    });
  }

  /** Frozen by an open dispute counts as that dispute found the account. */
  private async wasFrozen(userId: string, manager: EntityManager): Promise<boolean> {
    const [other] = await this.disputes.openOf(userId, manager);
    return other ? other.wasFrozen : this.ledger.isFrozen(userId, manager);
  }

  private async post(
    dispute: PaymentDispute,
    code: 'chargeback' | 'chargeback_reversal',
    manager: EntityManager,
  ): Promise<void> {
    const { userId, provider, externalId, paymentId } = dispute;
    const isReversal = code === 'chargeback_reversal';
    const amountMicro = isReversal ? dispute.amountMicro : -dispute.amountMicro;
    const idempotencyKey = `dispute:${provider}:${externalId}${isReversal ? ':reversal' : ''}`;
    await this.ledger.post(
      { userId, amountMicro, code, idempotencyKey, reference: paymentId },
      { clearing: clearingOf(dispute), amountMicro },
      manager,
    );
  }

  private rowOf(
    { id: paymentId, userId, provider }: Payment,
    found: Pick<PaymentDispute, 'externalId' | 'amountMicro' | 'wasFrozen'>,
  ): PaymentDispute {
    const now = this.clock.now();
    return {
      id: newOrderedId(),
      paymentId,
      userId,
      provider,
      state: 'open',
      ...found,
      createdAt: now,
      updatedAt: now,
    };
  }
}
