import { Injectable } from '@nestjs/common';
import type { AuditEntry } from './audit-entry.entity.js';
import { auditHash, GENESIS_HASH } from './audit-hash.js';
import { AuditRepository } from './audit.repository.js';

const ENTRIES_PER_READ = 500;

export interface AuditBreak {
  seq: number;
  problem: string;
}

/** The hash of one entry, written down elsewhere when it was the last. */
export interface AuditAnchor {
  seq: number;
  hash: string;
}

export interface AuditVerdict {
  isIntact: boolean;
  /** Entries found in order. */
  entries: number;
  /** Hash of the last of them; write it down elsewhere, and a later look can tell that nothing was cut off. */
  lastHash: string;
  firstBreak?: AuditBreak;
}

/**
 * Computes the whole chain anew. It may run beside writers: what they append meanwhile is left for the next time.
 * It needs no key, because personal data is chained as ciphertext.
 */
@Injectable()
export class AuditVerifier {
  constructor(private readonly entries: AuditRepository) {}

  /** @param anchor must be in the chain as it says */
  async verify(anchor?: AuditAnchor): Promise<AuditVerdict> {
    const head = await this.entries.head();
    const end = { seq: 0, hash: GENESIS_HASH };
    const verdict = (firstBreak?: AuditBreak): AuditVerdict => ({
      isIntact: firstBreak === undefined,
      entries: end.seq,
      lastHash: end.hash,
      firstBreak,
    });
    while (end.seq < head.seq) {
      const page = await this.entries.after(end.seq, Math.min(ENTRIES_PER_READ, head.seq - end.seq));
      if (page.length === 0) return verdict({ seq: end.seq + 1, problem: 'entries are missing at the end' });
      for (const entry of page) {
        const problem = problemOf(entry, end);
        if (problem) return verdict({ seq: end.seq + 1, problem });
        Object.assign(end, { seq: entry.seq, hash: entry.hash });
      }
    }
    if (end.hash !== head.lastHash)
      return verdict({ seq: end.seq, problem: 'the chain ends in another hash' });
    return verdict(anchor && (await this.breakAt(anchor)));
  }

  private async breakAt({ seq, hash }: AuditAnchor): Promise<AuditBreak | undefined> {
    const entry = await this.entries.find(seq);
    return entry?.hash === hash ? undefined : { seq, problem: 'not the entry that was here before' };
  }
}

function problemOf(entry: AuditEntry, end: AuditAnchor): string | undefined {
  if (entry.seq !== end.seq + 1) return 'an entry is missing';
  if (entry.prevHash !== end.hash) return 'does not follow the entry before it';
  return entry.hash === auditHash(entry) ? undefined : 'was changed';
}
