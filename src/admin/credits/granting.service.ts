import { Injectable } from '@nestjs/common';
import { AuditLog } from '../../audit/audit-log.js';
import type { Caller } from '../../common/caller.js';
import { newId } from '../../common/id.js';
import { creditsFromMicro } from '../../common/money.js';
import type { Origin } from '../../common/origin.js';
import { LedgerService } from '../../credits/ledger/ledger.service.js';
import { IdempotencyService, type IdempotentReply } from '../../database/idempotency.service.js';
import { inputHash } from '../../database/input-hash.js';
import type { User } from '../../users/user.entity.js';
import { userNotFound } from '../../users/users.errors.js';
import { UsersService } from '../../users/users.service.js';
import { oneUserRequired } from '../admin.errors.js';
import { GrantedView } from './granted.view.js';

/** Credits for one user, who is named in one of two ways. */
export interface GrantOrder {
  userId?: string;
  email?: string;
  amountMicro: number;
  reason: string;
}

/** Gives credits in an administrator's name. */
@Injectable()
export class Granting {
  constructor(
    private readonly users: UsersService,
    private readonly ledger: LedgerService,
    private readonly idempotency: IdempotencyService,
    private readonly audit: AuditLog,
  ) {}

  /**
   * @param key the header Idempotency-Key; the same key gives once
   * @throws DomainError 404 `user_not_found`, 422 `idempotency_mismatch`
   */
  async grant(
    admin: Caller,
    order: GrantOrder,
    key: string | undefined,
    origin: Origin,
  ): Promise<IdempotentReply<GrantedView>> {
    const user = await this.find(order);
    const { amountMicro, reason } = order;
    const input = { operation: 'admin.grant', userId: user.id, amountMicro, reason };
    return this.idempotency.execute({ userId: admin.userId, key, input }, () =>
      this.post(origin, user, order, `grant:admin:${inputHash([admin.userId, key ?? newId()])}`),
    );
  }

  /** The ledger remembers the key longer, and also what was posted just before a crash. */
  private async post(
    origin: Origin,
    user: User,
    { amountMicro, reason }: GrantOrder,
    idempotencyKey: string,
  ): Promise<GrantedView> {
    const { actorId, requestId } = origin;
    const grant = { userId: user.id, amountMicro, reason, actorId, requestId, idempotencyKey };
    const details = { credits: creditsFromMicro(amountMicro), reason };
    const event = {
      action: 'credits.granted',
      origin,
      subjectId: user.id,
      target: `user:${user.id}`,
      details,
    } as const;
    const { transferId } = await this.ledger.grant(grant, (manager) => this.audit.append(event, manager));
    return GrantedView.from(await this.ledger.balanceOf(user.id), amountMicro, transferId);
  }

  private async find({ userId, email }: GrantOrder): Promise<User> {
    if ((userId === undefined) === (email === undefined)) throw oneUserRequired();
    if (email !== undefined) return this.users.requireByEmail(email);
    const user = await this.users.findById(userId ?? '');
    if (!user) throw userNotFound();
    return user;
  }
}
