import { describe, expect, it } from 'vitest';
import { CHECKLIST } from './security-checklist.js';
import { read } from './source-tree.js';

const LINES = Array.from({ length: 46 }, (_, index) => `L${String(index + 1).padStart(2, '0')}`);

describe('the security checklist', () => {
  it('has all of its lines', () => expect(Object.keys(CHECKLIST)).toEqual(LINES));

  it.each(LINES)('%s is held by tests', (line) => {
    const tests = CHECKLIST[line];
    expect(tests.length).toBeGreaterThan(0);
    expect(tests.filter(([file, title]) => !read(file).includes(title))).toEqual([]);
  });
});
