import { scrubSecrets } from '../common/logger.js';
import type { Origin } from '../common/origin.js';
import type { AuditAction, AuditResult } from './audit-action.js';

/** Something to record. */
export interface AuditEvent {
  action: AuditAction;
  origin: Origin;
  /** Default `ok`. */
  result?: AuditResult;
  /** Whose account it concerns, when it is not the actor's own. */
  subjectId?: string;
  /** What it was done to, as `kind:id`. */
  target?: string;
  /** Readable for ever: no secret and nothing that tells who a person is. */
  details?: Readonly<Record<string, unknown>>;
  /** What tells who a person is, beside address and user agent: becomes unreadable when that person is forgotten. */
  personal?: Readonly<Record<string, string>>;
}

/** What is personal about an event, as it is sealed. */
export interface PersonalPart {
  ip?: string;
  user_agent?: string;
  [name: string]: string | undefined;
}

const LONGEST_USER_AGENT = 256;
const LONGEST_DETAILS = 32_768;
const SECRET_NAME = /pass(word|phrase)?$|secret|token$|authorization|api_?key$|private_?key/i;

/** Undefined when there is nothing personal. */
export function personalPartOf({ origin, personal }: AuditEvent): PersonalPart | undefined {
  const { ip, userAgent } = origin;
  const user_agent = userAgent?.slice(0, LONGEST_USER_AGENT);
  const part = withoutSecrets({ ...personal, ip, user_agent }) as PersonalPart;
  return Object.values(part).some((value) => value !== undefined && value !== '') ? part : undefined;
}

/** The details as they are stored. The last door: nothing that looks like a secret passes, whoever sent it. */
export function detailsText({ details = {} }: AuditEvent): string {
  const text = JSON.stringify(withoutSecrets(details));
  return text.length <= LONGEST_DETAILS ? text : JSON.stringify({ too_long: text.length });
}

function withoutSecrets(value: unknown): unknown {
  if (typeof value === 'string') return scrubSecrets(value);
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      SECRET_NAME.test(name) && typeof member === 'string' ? '[redacted]' : withoutSecrets(member),
    ]),
  );
}
