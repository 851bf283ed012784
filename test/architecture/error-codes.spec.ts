import { describe, expect, it } from 'vitest';
import { read, readSources } from './source-tree.js';

/** `new DomainError('code', 404`, and the tables `['code', 404`. */
const MADE = /(?:new DomainError\(\s*|\[\s*)'([a-z][a-z0-9]*(?:_[a-z0-9]+)+)',\s*(?:[45]\d\d|status)/g;
const DESCRIBED = /code: '([a-z][a-z0-9]*(?:_[a-z0-9]+)+)', status: [45]\d\d/g;
const LISTED = /^\| `([a-z0-9_]+)`/gm;

/** The simulated farms have errors of their own, which callers never see. */
const isOurs = ({ path }: { path: string }): boolean => !/^src\/(?:sandbox|cli)\//.test(path);

const codesIn = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, code]) => code);

describe('docs/errors.md', () => {
  const listed = codesIn(read('docs/errors.md'), LISTED);
  const made = readSources()
    .filter(isOurs)
    .flatMap(({ text }) => [...codesIn(text, MADE), ...codesIn(text, DESCRIBED)]);

  it('lists every code that a caller may see', () => {
    expect([...new Set(made)].filter((code) => !listed.includes(code)).sort()).toEqual([]);
  });

  it('lists no code that is not made, and none twice', () => {
    expect(listed.filter((code) => !made.includes(code))).toEqual([]);
    expect(new Set(listed).size).toBe(listed.length);
  });
});
