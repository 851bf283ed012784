import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { newOrderedId } from '../../common/id.js';
import { BalanceReader } from '../ledger/balance-reader.js';
import type { SessionKind } from './credit-session.entity.js';
import { SessionRepository } from './session.repository.js';

/** A session that has ended. */
export interface EndedSession {
  sessionId: string;
  userId: string;
  kind: SessionKind;
  clientId: string;
  ip: string | null;
  startedAt: number;
  endedAt: number;
  /** Entries of the account when the session began. */
  openedSeq: number;
}

/** Writes session rows, inside the transaction that settles what the session has cost. */
@Injectable()
export class SessionRecorder {
  constructor(
    private readonly sessions: SessionRepository,
    private readonly balances: BalanceReader,
    private readonly clock: Clock,
  ) {}

  async record(session: EndedSession, manager: EntityManager): Promise<void> {
    const { startedAt, endedAt, openedSeq, ...facts } = session;
    const balance = await this.balances.read(session.userId, manager);
    const { remainingMicro, totalMicro, overageMicro, capMicro, hasAutoRenew, seq } = balance;
    const row = {
      ...facts,
      id: newOrderedId(),
      startedAt,
      durationSeconds: Math.max(0, Math.floor((endedAt - startedAt) / 1000)),
      remainingMicro,
      totalMicro,
      overageMicro,
      capMicro,
      hasAutoRenew,
      firstSeq: openedSeq + 1,
      lastSeq: seq,
      closedAt: this.clock.now(),
    };
    await this.sessions.insertIfMissing(row, manager);
  }
}
