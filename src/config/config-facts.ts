import type { AppConfig } from './config.js';

/** Names of members whose values are secrets, or contain them. */
const SECRET = /secret|password|key|token|pepper|xpub/i;
const LONGEST_VALUE = 200;

/**
 * The settings as `name=value`, for comparing them and for telling what changed.
 * @param fingerprint stands for the value of a secret, so that its change shows and nothing else of it
 */
export function configFacts(config: AppConfig, fingerprint: (value: string) => string): string[] {
  return factsOf(config, '', fingerprint).toSorted();
}

function factsOf(value: unknown, path: string, fingerprint: (value: string) => string): string[] {
  if (value === undefined) return [];
  if (SECRET.test(path)) return [`${path}=set:${fingerprint(JSON.stringify(value))}`];
  if (Array.isArray(value) || typeof value !== 'object' || value === null) {
    const text = JSON.stringify(value);
    return [`${path}=${text.length > LONGEST_VALUE ? `long:${fingerprint(text)}` : text}`];
  }
  return Object.entries(value).flatMap(([name, member]) =>
    factsOf(member, path === '' ? name : `${path}.${name}`, fingerprint),
  );
}
