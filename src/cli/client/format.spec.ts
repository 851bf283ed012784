import { describe, expect, it } from 'vitest';
import { printable } from '../printable.js';
import { gigabytes, gpus, money, price, relative, span } from './format.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('format', () => {
  it('prices with three digits an hour', () => {
    expect(price(0.4124)).toBe('$0.412/h');
    expect(price(12)).toBe('$12.000/h');
  });

  it('money in cents, with more digits only below one', () => {
    expect(money(1.5)).toBe('$1.50');
    expect(money(0)).toBe('$0.00');
    expect(money(0.000123)).toBe('$0.000123');
    expect(money(-2.25)).toBe('-$2.25');
  });

  it.each([
    [0, '0 s'],
    [999, '0 s'],
    [45 * SECOND, '45 s'],
    [5 * MINUTE + 59 * SECOND, '5 min'],
    [2 * HOUR + 5 * MINUTE, '2 h 5 min'],
    [2 * HOUR, '2 h'],
    [3 * DAY + 4 * HOUR + 59 * MINUTE, '3 d 4 h'],
  ])('%d ms is %s', (ms, text) => {
    expect(span(ms)).toBe(text);
  });

  it('instants as seen from now', () => {
    const now = Date.parse('2026-11-24T10:30:00Z');
    expect(relative('2026-11-24T10:25:00Z', now)).toBe('5 min ago');
    expect(relative('2026-11-24T12:30:00Z', now)).toBe('in 2 h');
    expect(relative(null, now)).toBe('-');
    expect(relative('never', now)).toBe('-');
  });

  it('GPUs and memory', () => {
    expect(gpus(1, 'RTX 4090')).toBe('RTX 4090');
    expect(gpus(8, 'H100')).toBe('8x H100');
    expect(gigabytes(23.7)).toBe('24 GB');
    expect(gigabytes(null)).toBe('-');
  });

  it('control characters as blanks', () => {
    expect(printable('a\u001B[2J\r\nb\u009B')).toBe('a [2J  b ');
  });
});
