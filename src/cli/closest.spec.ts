import { describe, expect, it } from 'vitest';
import { closest } from './closest.js';

describe('closest', () => {
  const known = ['list', 'load', 'login', 'destroy'];

  it('finds the word that was meant in spite of a wrong, missing or extra letter', () => {
    expect(closest('lisr', known)).toBe('list');
    expect(closest('destoy', known)).toBe('destroy');
    expect(closest('logiin', known)).toBe('login');
  });

  it('prefers the nearer of two words', () => {
    expect(closest('loat', known)).toBe('load');
  });

  it('suggests nothing that is far away', () => {
    expect(closest('billing', known)).toBeUndefined();
    expect(closest('x', [])).toBeUndefined();
  });
});
