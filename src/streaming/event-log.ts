import { Injectable, type OnModuleInit } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import { In, LessThan, MoreThan, type EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { newId } from '../common/id.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { JobsService } from '../jobs/jobs.service.js';
import type { KeptChannel } from './channels.js';
import { StreamEvent, StreamPosition } from './stream-event.entity.js';

/** How long a client may be away and still miss nothing. */
const KEPT_MS = 3_600_000;
const PRUNE_EVERY_MS = 300_000;
const MOST_REPLAYED = 1000;
/** Positions that are asked for at once. */
const POSITIONS_AT_ONCE = 400;

export interface NewEvent {
  userId: string;
  channel: KeptChannel;
  data: object;
  /** A whole state, which several processes may notice: told only when it is not what was told last. */
  isState?: boolean;
}

/** Takes the number back that has been drawn. */
class NothingNew extends Error {}

/** The events of all users' channels, numbered without gaps by the database, whichever process had them. */
@Injectable()
export class EventLog implements OnModuleInit {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly jobs: JobsService,
  ) {}

  onModuleInit(): void {
    this.jobs.register({ name: 'streaming-prune', intervalMs: PRUNE_EVERY_MS, run: () => this.prune() });
  }

  /** Undefined for a state that has been told already. */
  async append(event: NewEvent): Promise<StreamEvent | undefined> {
    try {
      return await this.unitOfWork.run((manager) => this.write(event, manager));
    } catch (error) {
      if (error instanceof NothingNew) return undefined;
      throw error;
    }
  }

  /** What came after `seq`, oldest first. */
  since(userId: string, channel: KeptChannel, seq: number): Promise<StreamEvent[]> {
    return this.unitOfWork.manager.find(StreamEvent, {
      where: { userId, channel, seq: MoreThan(seq) },
      order: { seq: 'ASC' },
      take: MOST_REPLAYED,
    });
  }

  /** The number of the latest event; 0 before the first. */
  async position(userId: string, channel: KeptChannel): Promise<number> {
    const row = await this.unitOfWork.manager.findOneBy(StreamPosition, { id: positionId(userId, channel) });
    return row?.seq ?? 0;
  }

  /** The latest numbers by `positionId`; what is absent has had no event. */
  async positions(ids: readonly string[]): Promise<Map<string, number>> {
    const positions = new Map<string, number>();
    for (let from = 0; from < ids.length; from += POSITIONS_AT_ONCE) {
      const id = In(ids.slice(from, from + POSITIONS_AT_ONCE));
      const rows = await this.unitOfWork.manager.findBy(StreamPosition, { id });
      for (const row of rows) positions.set(row.id, row.seq);
    }
    return positions;
  }

  /** Whether nothing after `seq` has been pruned; the channel has had events after it. */
  async reachesBackTo(userId: string, channel: KeptChannel, seq: number): Promise<boolean> {
    return this.unitOfWork.manager.existsBy(StreamEvent, { userId, channel, seq: seq + 1 });
  }

  private async write(event: NewEvent, manager: EntityManager): Promise<StreamEvent> {
    const { userId, channel, data, isState = false } = event;
    const seq = await this.next(positionId(userId, channel), manager);
    if (isState && isDeepStrictEqual(data, await this.lastState(event, manager))) throw new NothingNew();
    const row: StreamEvent = { id: newId(), userId, channel, seq, at: this.clock.now(), isState, data };
    await manager.insert(StreamEvent, row as object);
    return row;
  }

  private async lastState(
    { userId, channel }: NewEvent,
    manager: EntityManager,
  ): Promise<object | undefined> {
    const where = { userId, channel, isState: true };
    return (await manager.findOne(StreamEvent, { where, order: { seq: 'DESC' } }))?.data;
  }

  /** The row is locked by the update, so two processes never get the same number. */
  private async next(id: string, manager: EntityManager): Promise<number> {
    const { affected } = await manager
      .createQueryBuilder()
      .update(StreamPosition)
      .set({ seq: () => 'seq + 1' })
      .where('id = :id', { id })
      .execute();
    if (!affected) {
      await manager
        .createQueryBuilder()
        .insert()
        .into(StreamPosition)
        .values({ id, seq: 0 })
        .orIgnore()
        .execute();
      return this.next(id, manager);
    }
    return (await manager.findOneByOrFail(StreamPosition, { id })).seq;
  }

  private async prune(): Promise<void> {
    await this.unitOfWork.manager.delete(StreamEvent, { at: LessThan(this.clock.now() - KEPT_MS) });
  }
}

/** Names a user's channel. */
export const positionId = (userId: string, channel: KeptChannel): string => `${userId}/${channel}`;
