import { scrubSecrets } from '../../common/logger.js';

const HIDDEN = '[redacted]';
const SECRET_NAME = /(^|[-_])(token|secret|password|key|authorization|cookie)$/i;
const SECRET_GROUPS = new Set(['upstream_headers', 'registry']);
const URL_LOGIN = /:\/\/[^/\s"@]*@/g;

const hideText = (text: string): string => scrubSecrets(text).replace(URL_LOGIN, `://${HIDDEN}@`);

/** Header lines as `-dm` shows them: names in full, values of secrets hidden. */
export function redactHeaders(headers: Readonly<Record<string, unknown>>): [string, string][] {
  return Object.entries(headers).map(([name, value]) => [
    name,
    SECRET_NAME.test(name) ? HIDDEN : hideText(String(value)),
  ]);
}

/** A body as `-dm` shows it: members with a secret's name are hidden at any depth, secret shapes everywhere. */
export function redactBody(text: string): string {
  try {
    return hideText(JSON.stringify(JSON.parse(text, hideMember)));
  } catch {
    return hideText(text);
  }
}

function hideMember(name: string, value: unknown): unknown {
  const isSecret = SECRET_GROUPS.has(name) || (SECRET_NAME.test(name) && typeof value === 'string');
  return isSecret ? HIDDEN : value;
}
