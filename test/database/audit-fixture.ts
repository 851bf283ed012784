import { ManualClock } from '../../src/common/clock.js';
import type { Origin } from '../../src/common/origin.js';
import type { AppConfig } from '../../src/config/config.js';
import { AuditEntry } from '../../src/audit/audit-entry.entity.js';
import { AuditHead } from '../../src/audit/audit-head.entity.js';
import { AuditLog } from '../../src/audit/audit-log.js';
import { AuditReader } from '../../src/audit/audit-reader.js';
import { AuditRepository } from '../../src/audit/audit.repository.js';
import { AuditVerifier } from '../../src/audit/audit-verifier.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { PersonalKey } from '../../src/secrets/personal-key.entity.js';
import { PersonalVault } from '../../src/secrets/personal-vault.js';
import { SecretBox } from '../../src/secrets/secret-box.js';

export const AUDIT_ENTITIES = [AuditEntry, AuditHead, PersonalKey];

export const ANN: Origin = {
  actorKind: 'user',
  actorId: 'ann',
  credential: 'jwt',
  credentialId: 'login-1',
  ip: '203.0.113.7',
  userAgent: 'canary-agent',
  requestId: 'request-1',
};

/** The audit log of one process. */
export class AuditDesk {
  readonly box: SecretBox;
  readonly vault: PersonalVault;
  readonly log: AuditLog;
  readonly reader: AuditReader;
  readonly verifier: AuditVerifier;

  constructor(
    readonly unitOfWork: UnitOfWork,
    readonly clock = new ManualClock(),
    encryptionKey = 'a key of the tests',
    encryptionKeysPrevious: readonly string[] = [],
  ) {
    const repository = new AuditRepository(unitOfWork);
    this.box = new SecretBox({ encryptionKey, encryptionKeysPrevious } as AppConfig);
    this.vault = new PersonalVault(this.box, unitOfWork, clock);
    this.log = new AuditLog(repository, this.vault, unitOfWork, clock);
    this.reader = new AuditReader(repository, this.vault);
    this.verifier = new AuditVerifier(repository);
  }
}
