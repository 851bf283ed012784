import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { newId } from '../common/id.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { PersonalVault, type PersonalText } from '../secrets/personal-vault.js';
import type { AuditEntry } from './audit-entry.entity.js';
import { detailsText, personalPartOf, type AuditEvent } from './audit-event.js';
import { auditHash } from './audit-hash.js';
import type { AuditHead } from './audit-head.entity.js';
import { AuditRepository } from './audit.repository.js';

const LONGEST_TARGET = 255;
const LONGEST_ID = 64;
const LONGEST_REQUEST_ID = 128;

/**
 * The audit log: one chain over all processes. An entry is written in the transaction of what it tells about, so that
 * neither is there without the other.
 */
@Injectable()
export class AuditLog {
  constructor(
    private readonly entries: AuditRepository,
    private readonly vault: PersonalVault,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * Appends inside the caller's transaction. Make it the last statement: from here to the commit no other transaction
   * can append.
   */
  async append(events: AuditEvent | readonly AuditEvent[], manager: EntityManager): Promise<void> {
    const list = [events].flat();
    if (list.length === 0) return;
    const sealed: (PersonalText | undefined)[] = [];
    for (const event of list) sealed.push(await this.sealPersonal(event, manager));
    const head = await this.entries.advance(list.length, manager);
    const chain = this.chain(head, list, sealed);
    await this.entries.insert(chain, manager);
    await this.entries.finish(chain[chain.length - 1], manager);
  }

  /** Appends what has no transaction of its own. */
  record(events: AuditEvent | readonly AuditEvent[]): Promise<void> {
    return this.unitOfWork.run((manager) => this.append(events, manager));
  }

  private async sealPersonal(event: AuditEvent, manager: EntityManager): Promise<PersonalText | undefined> {
    const part = personalPartOf(event);
    const ownerId = event.origin.actorId ?? event.subjectId ?? null;
    return part && this.vault.seal(ownerId, part, manager);
  }

  private chain(
    head: AuditHead,
    events: readonly AuditEvent[],
    sealed: readonly (PersonalText | undefined)[],
  ): AuditEntry[] {
    const at = Math.max(this.clock.now(), head.lastAt);
    let prevHash = head.lastHash;
    return events.map((event, index) => {
      const seq = head.seq + index + 1;
      const unhashed = { ...entryOf(event, sealed[index]), id: newId(), seq, at, prevHash };
      const entry = { ...unhashed, hash: auditHash(unhashed) };
      prevHash = entry.hash;
      return entry;
    });
  }
}

type Unchained = Omit<AuditEntry, 'id' | 'seq' | 'at' | 'prevHash' | 'hash'>;

function entryOf(event: AuditEvent, sealed: PersonalText | undefined): Unchained {
  const { origin, action, result = 'ok', subjectId = origin.actorId, target } = event;
  return {
    action,
    result,
    actorKind: origin.actorKind,
    actorId: cut(origin.actorId, LONGEST_ID),
    credential: origin.credential ?? null,
    credentialId: cut(origin.credentialId, LONGEST_ID),
    subjectId: cut(subjectId, LONGEST_ID),
    target: cut(target, LONGEST_TARGET),
    requestId: cut(origin.requestId, LONGEST_REQUEST_ID),
    details: detailsText(event),
    personal: sealed?.text ?? null,
    personalKeyId: sealed?.keyId ?? null,
  };
}

function cut(text: string | undefined, longest: number): string | null {
  return text?.slice(0, longest) ?? null;
}
