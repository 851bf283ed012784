import { Injectable } from '@nestjs/common';
import { InstanceDirectory } from '../../gpu/pools/instance.directory.js';
import type { Destination } from '../destination.js';
import { DestinationFinder } from '../destination-finder.js';
import { sessionNotFound } from './mcp.errors.js';
import { McpSessions, type SessionName } from './mcp-sessions.service.js';

export interface McpRoute {
  destination: Destination;
  /** The session that the request belongs to: the destination is its instance. */
  session?: SessionName;
}

/** Sessions stay with the instance that began them; everything else is balanced. */
@Injectable()
export class McpRouting {
  constructor(
    private readonly finder: DestinationFinder,
    private readonly instances: InstanceDirectory,
    private readonly sessions: McpSessions,
  ) {}

  /**
   * Where the requests of a session go: at once when this process knows it.
   * @throws DomainError (or rejects) 404 `session_not_found` for a session that is nobody's, somebody else's, or of an
   *   instance that no longer serves
   */
  toSession(session: SessionName): McpRoute | Promise<McpRoute> {
    const rentalId = this.sessions.find(session);
    if (rentalId instanceof Promise) return rentalId.then((id) => this.pinned(session, id));
    return this.pinned(session, rentalId);
  }

  /** Resolves when the session can be found, by every process. */
  async began(session: SessionName, instanceId: string | undefined): Promise<void> {
    const instance = instanceId === undefined ? undefined : this.instances.find(instanceId);
    if (instance) await this.sessions.remember(session, instance.rentalId);
  }

  ended(session: SessionName): void {
    void this.sessions.forget(session);
  }

  private pinned(session: SessionName, rentalId: string | undefined): McpRoute {
    if (rentalId === undefined) throw sessionNotFound();
    const destination = this.finder.memberOf(session.userId, session.pool, rentalId);
    if (destination) return { destination, session };
    this.ended(session);
    throw sessionNotFound();
  }
}
