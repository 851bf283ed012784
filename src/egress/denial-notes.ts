import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { EventBus } from '../common/event-bus.js';
import { SECURITY_NOTED, type SecurityNote } from '../common/security-note.js';
import type { DenialReason } from './egress.errors.js';

/** Tells of refused targets. Whom it was refused to is not known here: the request's own lines say that. */
@Injectable()
export class DenialNotes {
  constructor(
    private readonly events: EventBus,
    private readonly clock: Clock,
  ) {}

  note(reason: DenialReason, hostname: string, address?: string): void {
    const data: SecurityNote = {
      action: 'egress.denied',
      origin: { actorKind: 'anonymous' },
      details: { reason, hostname, address },
    };
    this.events.emit({ name: SECURITY_NOTED, at: this.clock.now(), data });
  }
}
