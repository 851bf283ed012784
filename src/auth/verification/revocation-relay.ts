import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { EventBus, type DomainEvent } from '../../common/event-bus.js';
import { AppConfig } from '../../config/config.js';
import { RedisBroadcast } from '../../redis/redis-broadcast.js';
import { RedisCommands } from '../../redis/redis-commands.js';
import { SESSION_ENDED } from '../../sessions/sessions.service.js';
import { USER_ACCESS_CHANGED } from '../../users/users.service.js';
import { API_KEY_CHANGED } from '../api-keys/api-keys.service.js';
import { CallerCache } from './caller-cache.js';

const TOPIC = 'revocations';
const RELAYED = new Set([USER_ACCESS_CHANGED, SESSION_ENDED, API_KEY_CHANGED]);

/**
 * Carries what ends or changes access (of a user, a session, a key) to all processes that share a Redis, as if it had
 * happened there. When some of it may have been lost, remembered callers are forgotten altogether.
 */
@Injectable()
export class RevocationRelay implements OnModuleInit, OnModuleDestroy {
  private subscriptions: (() => void)[] = [];
  /** While an event of another process is passed on here; it must not go back. */
  private isRelaying = false;

  constructor(
    private readonly events: EventBus,
    private readonly broadcast: RedisBroadcast,
    callers: CallerCache,
    commands: RedisCommands,
    { sessions }: AppConfig,
  ) {
    broadcast.listen(TOPIC, {
      received: (message) => this.receive(message),
      missed: () => callers.forgetAll(),
    });
    // Where Redis alone knows the sessions, nobody may pass whom it cannot be asked about.
    if (sessions.mode === 'redis') commands.onLost(() => callers.forgetAll());
  }

  onModuleInit(): void {
    this.subscriptions = [...RELAYED].map((name) => this.events.on(name, (event) => this.tell(event)));
  }

  onModuleDestroy(): void {
    for (const unsubscribe of this.subscriptions) unsubscribe();
  }

  private tell(event: DomainEvent): void {
    if (!this.isRelaying) void this.broadcast.publish(TOPIC, event);
  }

  private receive(message: unknown): void {
    if (!isRelayed(message)) return;
    // `emit` is synchronous and never throws: nothing of this process can come in between.
    this.isRelaying = true;
    this.events.emit(message);
    this.isRelaying = false;
  }
}

function isRelayed(message: unknown): message is DomainEvent {
  const { name, data } = (message ?? {}) as Partial<DomainEvent<{ id?: unknown }>>;
  return RELAYED.has(String(name)) && typeof data?.id === 'string';
}
