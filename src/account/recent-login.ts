import { Injectable } from '@nestjs/common';
import type { Caller } from '../common/caller.js';
import { Clock } from '../common/clock.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { reauthenticationRequired } from './account.errors.js';

const MOST_AGE_MS = 5 * 60_000;

/** For what a stolen token must not be enough for. */
@Injectable()
export class RecentLogin {
  constructor(
    private readonly sessions: SessionsService,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError 401 `reauthentication_required` */
  async require({ credentialId }: Caller): Promise<void> {
    const session = await this.sessions.findLive(credentialId);
    if (!session || this.clock.now() - session.createdAt > MOST_AGE_MS) throw reauthenticationRequired();
  }
}
