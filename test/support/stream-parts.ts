import { ManualClock } from '../../src/common/clock.js';
import type { RedisBroadcast } from '../../src/redis/redis-broadcast.js';
import type { KeptChannel } from '../../src/streaming/channels.js';
import type { StreamConnection } from '../../src/streaming/connection.js';
import type { EventLog } from '../../src/streaming/event-log.js';
import type { ServerFrame } from '../../src/streaming/frames.js';
import { GaugeNumbers } from '../../src/streaming/gauge-numbers.js';
import type { SessionServices } from '../../src/streaming/session-services.js';
import type { Snapshots } from '../../src/streaming/snapshots.js';
import type { StreamAccess } from '../../src/streaming/stream-access.js';
import { StreamHub } from '../../src/streaming/stream-hub.js';
import type { StreamMessage } from '../../src/streaming/stream-message.js';
import { StreamSession } from '../../src/streaming/stream-session.js';
import type { StreamedEvent } from '../../src/streaming/streamed-event.js';

/** A client that keeps what it is sent, and reads as much of it as the test lets it. */
export class FakeConnection implements StreamConnection {
  readonly frames: ServerFrame[] = [];
  readonly address = '192.0.2.1';
  bufferedBytes = 0;
  closed: { code: number; reason: string } | undefined;
  private draining: (() => void)[] = [];

  send(frame: ServerFrame): void {
    this.frames.push(frame);
  }

  share({ frame }: StreamMessage): void {
    this.frames.push(frame);
  }

  close(code: number, reason: string): void {
    this.closed = { code, reason };
  }

  onceDrained(listener: () => void): void {
    this.draining.push(listener);
  }

  /** The client has read everything. */
  drain(): void {
    this.bufferedBytes = 0;
    this.draining.splice(0).forEach((listener) => listener());
  }

  types(): string[] {
    return this.frames.map((frame) => ('seq' in frame ? `${frame.type} ${frame.seq}` : frame.type));
  }
}

/** The events of one user's channel, in memory; counts how often it is asked. */
export class FakeLog {
  readonly events: StreamedEvent[] = [];
  reads = 0;
  isBroken = false;
  private pruned = 0;

  constructor(private readonly channel: KeptChannel = 'rentals') {}

  add(): StreamedEvent {
    const seq = this.events.length + this.pruned + 1;
    const event = { channel: this.channel, seq, at: seq, data: { number: seq } };
    this.events.push(event);
    return event;
  }

  /** Forgets all up to a number. */
  prune(seq: number): void {
    this.events.splice(0, seq - this.pruned);
    this.pruned = seq;
  }

  get asEventLog(): EventLog {
    return {
      position: () => Promise.resolve(this.pruned + this.events.length),
      positions: (ids: string[]) =>
        Promise.resolve(new Map(ids.map((id) => [id, this.pruned + this.events.length]))),
      reachesBackTo: (_: string, __: string, seq: number) => Promise.resolve(seq >= this.pruned),
      since: (_: string, __: string, seq: number) => {
        this.reads += 1;
        if (this.isBroken) return Promise.reject(new Error('the database is away'));
        return Promise.resolve(this.events.filter((event) => event.seq > seq).slice(0, 5));
      },
    } as unknown as EventLog;
  }
}

export interface StreamLab {
  clock: ManualClock;
  hub: StreamHub;
  log: FakeLog;
  snapshots: { reads: number };
  connect(): { connection: FakeConnection; session: StreamSession };
}

export const CALLER = {
  userId: 'user',
  email: 'user@example.com',
  isAdmin: false,
  mustChangePassword: false,
  credential: 'api_key' as const,
  credentialId: 'key',
  scopes: ['gpu:read', 'billing:read'] as const,
};

/** Sessions over a real hub, without database, farms and sockets. */
export function streamLab(): StreamLab {
  const clock = new ManualClock();
  const log = new FakeLog();
  const numbers = new GaugeNumbers(clock);
  const broadcast = { listen: () => undefined, publish: () => Promise.resolve() };
  const hub = new StreamHub(log.asEventLog, broadcast as unknown as RedisBroadcast, numbers, clock);
  const counted = { reads: 0 };
  const read = (): Promise<object> => {
    counted.reads += 1;
    return Promise.resolve({ state: counted.reads });
  };
  const snapshots = {
    of: read,
    gauge: (channel: 'load' | 'market') => numbers.snapshot(channel, read),
  } as unknown as Snapshots;
  const access = {
    isMarketPublic: false,
    verify: () => Promise.resolve(CALLER),
    mayStream: () => true,
    maySee: (caller: unknown) => caller !== undefined,
  } as unknown as StreamAccess;
  const services = { hub, snapshots, access, clock } as unknown as SessionServices;
  const connect = (): { connection: FakeConnection; session: StreamSession } => {
    const connection = new FakeConnection();
    const session = new StreamSession(connection, services);
    session.begin({ caller: CALLER, token: 'token' });
    return { connection, session };
  };
  return { clock, hub, log, snapshots: counted, connect };
}

/** Lets everything that was promised happen. */
export const settled = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
