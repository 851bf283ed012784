import { describe, expect, it } from 'vitest';
import { formatDuration, parseDurationMs } from './duration.js';
import { parseTimeLimitHeader } from './time-limit.js';

describe('parseDurationMs', () => {
  it.each([
    ['30', 30_000],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['250ms', 250],
    ['7d', 604_800_000],
    [' 0 ', 0],
  ])('reads %j', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  it.each(['', '-5', '1.5h', '5 m', 'h', '1h30m', '5M'])('refuses %j', (text) => {
    expect(() => parseDurationMs(text)).toThrow(RangeError);
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0ms'],
    [250, '250ms'],
    [1500, '1.5s'],
    [123_000, '2m3s'],
    [3_723_000, '1h2m3s'],
  ])('writes %d as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe('parseTimeLimitHeader', () => {
  it('is no limit when the header is absent', () => {
    expect(parseTimeLimitHeader(undefined)).toBeUndefined();
    expect(parseTimeLimitHeader('5m')).toBe(300_000);
  });

  it.each(['0', '', 'soon', '-1', ['1', '2']])('refuses %j with a 400', (value) => {
    expect(() => parseTimeLimitHeader(value)).toThrow(
      expect.objectContaining({ status: 400, code: 'invalid_time_limit' }),
    );
  });
});
