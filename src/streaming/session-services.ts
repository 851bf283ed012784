import { Injectable } from '@nestjs/common';
import type { Caller, Scope } from '../common/caller.js';
import type { Channel } from './channels.js';
import { EventLog } from './event-log.js';
import { InferenceStarter } from './infer/inference-starter.js';
import { Snapshots } from './snapshots.js';
import { StreamAccess } from './stream-access.js';
import { StreamHub } from './stream-hub.js';

/** What a key has to allow for each channel. */
const SCOPE_OF: Readonly<Record<Channel, Scope>> = {
  rentals: 'gpu:read',
  reservations: 'gpu:read',
  load: 'gpu:read',
  market: 'gpu:read',
  credits: 'billing:read',
  payments: 'billing:read',
};

/** Everything that a session needs of the service. */
@Injectable()
export class SessionServices {
  private sessions = 0;
  private readonly keys = new WeakMap<object, string>();

  constructor(
    readonly hub: StreamHub,
    readonly snapshots: Snapshots,
    readonly log: EventLog,
    readonly inferences: InferenceStarter,
    private readonly access: StreamAccess,
  ) {}

  get isMarketPublic(): boolean {
    return this.access.isMarketPublic;
  }

  verify(token: string): Promise<Caller> {
    return this.access.verify(token);
  }

  mayStream({ mustChangePassword, credential }: Caller): boolean {
    return credential === 'api_key' || !mustChangePassword;
  }

  channelsOf({ scopes }: Caller, asked: readonly Channel[]): readonly Channel[] {
    return asked.filter((channel) => scopes.includes(SCOPE_OF[channel]));
  }

  /** False when a connection floods us. */
  admitsFrame(session: object): boolean {
    const key = this.keys.get(session) ?? `session-${(this.sessions += 1)}`;
    this.keys.set(session, key);
    return this.access.admits(key);
  }
}
