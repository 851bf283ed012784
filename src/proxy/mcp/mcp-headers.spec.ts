import { expect, it } from 'vitest';
import { isModernVersion, sessionIdOf } from './mcp-headers.js';

it.each([
  ['2026-07-28', true],
  ['2027-01-01', true],
  ['2025-11-25', false],
  [undefined, false],
  ['', false],
  ['latest', false],
  ['zzzz', false],
  [['2026-07-28'], false],
])('the version %j is modern: %s', (version, isModern) => {
  expect(isModernVersion(version)).toBe(isModern);
});

it('reads the session id', () => {
  expect(sessionIdOf({ 'mcp-session-id': 's' })).toBe('s');
  expect(sessionIdOf({})).toBeUndefined();
});
