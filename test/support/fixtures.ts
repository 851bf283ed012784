import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', 'fixtures');

/** A recorded answer of a farm, e.g. `fixture('vast/instance.running.response.json')`. */
export function fixture<T = unknown>(path: string): T {
  return JSON.parse(fixtureText(path)) as T;
}

export function fixtureText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}
