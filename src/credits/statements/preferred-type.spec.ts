import { describe, expect, it } from 'vitest';
import { preferredType } from './preferred-type.js';

describe('preferredType', () => {
  const ours = ['application/json', 'text/html'] as const;

  it.each([
    [undefined, 'application/json'],
    ['', 'application/json'],
    ['*/*', 'application/json'],
    ['application/json', 'application/json'],
    ['text/html', 'text/html'],
    ['text/*', 'text/html'],
    ['TEXT/HTML; charset=utf-8', 'text/html'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html'],
    ['text/html;q=0.5, application/json;q=0.9', 'application/json'],
    ['application/*;q=0.2, text/html;q=0.3', 'text/html'],
    ['text/html;q=0, */*', 'application/json'],
    ['application/pdf', undefined],
    ['text/html;q=none', undefined],
  ])('of %s is %s', (accept, expected) => {
    expect(preferredType(accept, ours)).toBe(expected);
  });
});
