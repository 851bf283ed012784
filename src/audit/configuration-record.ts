import { Injectable } from '@nestjs/common';
import { OPERATOR } from '../common/origin.js';
import { AppConfig } from '../config/config.js';
import { configFacts } from '../config/config-facts.js';
import { SecretBox } from '../secrets/secret-box.js';
import { AuditLog } from './audit-log.js';
import { AuditRepository } from './audit.repository.js';

const FINGERPRINT_LENGTH = 8;

/** Records with what configuration the daemon starts, when it is another than the time before. */
@Injectable()
export class ConfigurationRecord {
  constructor(
    private readonly config: AppConfig,
    private readonly entries: AuditRepository,
    private readonly audit: AuditLog,
    private readonly box: SecretBox,
  ) {}

  /** Secrets are compared by keyed fingerprints; with another ENCRYPTION_KEY all of them count as changed. */
  async compare(): Promise<void> {
    const facts = configFacts(this.config, (value) =>
      this.box.fingerprints(value, 'config')[0].slice(0, FINGERPRINT_LENGTH),
    );
    const last = await this.entries.last('configuration.changed');
    const before = last ? ((JSON.parse(last.details) as { facts?: string[] }).facts ?? []) : [];
    const changed = last ? changesBetween(before, facts) : ['first start'];
    if (changed.length === 0) return;
    await this.audit.record({
      action: 'configuration.changed',
      origin: OPERATOR,
      details: { changed, facts },
    });
  }
}

/** Names whose value is another, or that are on one side only. */
function changesBetween(before: readonly string[], after: readonly string[]): string[] {
  const [known, current] = [new Set(before), new Set(after)];
  const differing = [
    ...before.filter((fact) => !current.has(fact)),
    ...after.filter((fact) => !known.has(fact)),
  ];
  return [...new Set(differing.map((fact) => fact.slice(0, fact.indexOf('='))))].toSorted();
}
