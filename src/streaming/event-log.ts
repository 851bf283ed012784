import { Injectable, type OnModuleInit } from '@nestjs/common';
import { LessThan, MoreThan, type EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { newId } from '../common/id.js';
import { isUniqueViolation } from '../database/unique-violation.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { JobsService } from '../jobs/jobs.service.js';
import type { KeptChannel } from './channels.js';
import { StreamEvent, StreamPosition } from './stream-event.entity.js';

/** How long a client may be away and still miss nothing. */
const KEPT_MS = 3_600_000;
const PRUNE_EVERY_MS = 300_000;
const MOST_REPLAYED = 1000;

export interface NewEvent {
  userId: string;
  channel: KeptChannel;
  data: object;
  onceKey?: string;
}

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

  /** Undefined when an event with the same `onceKey` is there already. */
  async append(event: NewEvent): Promise<StreamEvent | undefined> {
    try {
      return await this.unitOfWork.run((manager) => this.write(event, manager));
    } catch (error) {
      if (isUniqueViolation(error, 'stream_events', ['user_id', 'channel', 'once_key'])) return undefined;
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

  private async write(
    { userId, channel, data, onceKey }: NewEvent,
    manager: EntityManager,
  ): Promise<StreamEvent> {
    const seq = await this.next(positionId(userId, channel), manager);
    const row: StreamEvent = {
      id: newId(),
      userId,
      channel,
      seq,
      at: this.clock.now(),
      onceKey: onceKey ?? null,
      data,
    };
    await manager.insert(StreamEvent, row as object);
    return row;
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

const positionId = (userId: string, channel: KeptChannel): string => `${userId}/${channel}`;
