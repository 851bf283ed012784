import { describe, expect, it } from 'vitest';
import { GroupTurns } from './group-turns.js';

/** Answers every piece with its double, and remembers what was done together. */
const doubling = (mostTogether = 10) => {
  const groups: [string, number[]][] = [];
  const turns = new GroupTurns<number, number>(async (key, works) => {
    groups.push([key, works]);
    await new Promise(setImmediate);
    return works.map((work) =>
      work < 0
        ? { status: 'rejected', reason: new Error(`not ${work}`) }
        : { status: 'fulfilled', value: work * 2 },
    );
  }, mostTogether);
  return { groups, turns };
};

describe('GroupTurns', () => {
  it('does together what came together, and answers each its own', async () => {
    const { groups, turns } = doubling();
    expect(await Promise.all([1, 2, 3].map((work) => turns.submit('a', work)))).toEqual([2, 4, 6]);
    expect(groups).toEqual([['a', [1, 2, 3]]]);
  });

  it('gathers what comes while a group is done, one group after the other', async () => {
    const { groups, turns } = doubling();
    const first = turns.submit('a', 1);
    await new Promise(setImmediate);
    const later = [2, 3].map((work) => turns.submit('a', work));
    await Promise.all([first, ...later]);
    expect(groups).toEqual([
      ['a', [1]],
      ['a', [2, 3]],
    ]);
  });

  it('takes no more than so many at once', async () => {
    const { groups, turns } = doubling(2);
    await Promise.all([1, 2, 3, 4, 5].map((work) => turns.submit('a', work)));
    expect(groups.map(([, works]) => works.length)).toEqual([2, 2, 1]);
  });

  it('lets keys go on side by side', async () => {
    const { groups, turns } = doubling();
    await Promise.all([turns.submit('a', 1), turns.submit('b', 2)]);
    expect(groups).toEqual([
      ['a', [1]],
      ['b', [2]],
    ]);
  });

  it('refuses one without the others', async () => {
    const { turns } = doubling();
    const results = await Promise.allSettled([1, -2, 3].map((work) => turns.submit('a', work)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});
