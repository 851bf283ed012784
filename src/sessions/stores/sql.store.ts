import { Injectable } from '@nestjs/common';
import { IsNull, LessThan, MoreThan, type FindOptionsWhere } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import type { SessionCursor, SessionStore, TokenRotation } from '../session-store.js';
import { Session, type SessionEndReason } from '../session.entity.js';

/** Sessions in the database and nowhere else. */
@Injectable()
export class SqlStore implements SessionStore {
  readonly mode = 'sql';

  constructor(private readonly unitOfWork: UnitOfWork) {}

  async create(session: Session): Promise<void> {
    await this.unitOfWork.manager.insert(Session, session);
  }

  async find(sessionId: string): Promise<Session | undefined> {
    return (await this.unitOfWork.manager.findOneBy(Session, { id: sessionId })) ?? undefined;
  }

  rotate({ sessionId, fromHash, toHash, device, now, idleExpiresAt }: TokenRotation): Promise<boolean> {
    return this.update(
      { id: sessionId, tokenHash: fromHash, ...live(now) },
      {
        tokenHash: toHash,
        previousTokenHash: fromHash,
        rotatedAt: now,
        lastSeenAt: now,
        idleExpiresAt,
        ...device,
      },
    );
  }

  listLive(userId: string, now: number, limit: number, after?: SessionCursor): Promise<Session[]> {
    const mine = { userId, ...live(now) };
    return this.unitOfWork.manager.find(Session, {
      where: after
        ? [
            { ...mine, createdAt: LessThan(after.createdAt) },
            { ...mine, createdAt: after.createdAt, id: LessThan(after.id) },
          ]
        : mine,
      order: { createdAt: 'DESC', id: 'DESC' },
      take: limit,
    });
  }

  end(sessionId: string, reason: SessionEndReason, now: number): Promise<boolean> {
    return this.update({ id: sessionId, ...live(now) }, { endedAt: now, endReason: reason });
  }

  async endAll(userId: string, reason: SessionEndReason, now: number): Promise<void> {
    await this.update({ userId, ...live(now) }, { endedAt: now, endReason: reason });
  }

  async purge(overBefore: number): Promise<number> {
    const result = await this.unitOfWork.manager
      .createQueryBuilder()
      .delete()
      .from(Session)
      .where('ended_at < :overBefore OR idle_expires_at < :overBefore OR expires_at < :overBefore', {
        overBefore,
      })
      .execute();
    return result.affected ?? 0;
  }

  private async update(where: FindOptionsWhere<Session>, patch: Partial<Session>): Promise<boolean> {
    const result = await this.unitOfWork.manager.update(Session, where, patch);
    return (result.affected ?? 0) > 0;
  }
}

function live(now: number): FindOptionsWhere<Session> {
  return { endedAt: IsNull(), idleExpiresAt: MoreThan(now), expiresAt: MoreThan(now) };
}
