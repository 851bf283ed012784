import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** Static imports; dynamic ones and types cost nothing at the start. */
const STATIC_IMPORT = /^(?:import|export) (?!type )[\w\s{},*]*from '([^']+)'/gm;

/** Everything that is loaded when the client starts, by following its static imports. */
function loadedAtStart(file: URL, seen = new Set<string>()): string[] {
  if (seen.has(file.href)) return [];
  seen.add(file.href);
  const specifiers = [...readFileSync(file, 'utf8').matchAll(STATIC_IMPORT)].map((match) => match[1]);
  return specifiers.flatMap((specifier) =>
    specifier.startsWith('.')
      ? [specifier, ...loadedAtStart(new URL(specifier.replace(/\.js$/, '.ts'), file), seen)]
      : [specifier],
  );
}

describe('the start of the client', () => {
  it('loads nothing but itself and Node, so that it stays below 150 ms', () => {
    const loaded = loadedAtStart(new URL('main.ts', import.meta.url));
    expect(loaded.length).toBeGreaterThan(50);
    expect(
      loaded.filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:')),
    ).toEqual([]);
  });
});
