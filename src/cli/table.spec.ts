import { describe, expect, it } from 'vitest';
import { tableLines, type Column } from './table.js';

interface Machine {
  name: string;
  cost: number;
}

const COLUMNS: readonly Column<Machine>[] = [
  { title: 'name', cell: (machine) => machine.name },
  { title: 'cost', align: 'right', cell: (machine) => String(machine.cost) },
];

describe('tableLines', () => {
  it('aligns words left and numbers right, two blanks apart, without blanks at the end', async () => {
    expect(
      await tableLines(COLUMNS, [
        { name: 'a', cost: 12.5 },
        { name: 'longer', cost: 7 },
      ]),
    ).toEqual(['NAME    COST', 'a       12.5', 'longer     7']);
    expect(await tableLines(COLUMNS.toReversed(), [{ name: 'a', cost: 1 }])).toEqual([
      'COST  NAME',
      '   1  a',
    ]);
  });

  it('counts what a terminal shows: wide letters twice, colours not at all', async () => {
    const painted = COLUMNS.map((column) => ({
      ...column,
      paint: (text: string) => `\u001B[32m${text}\u001B[39m`,
    }));
    const plain = await tableLines(COLUMNS, [
      { name: '東京', cost: 1 },
      { name: 'Oslo', cost: 2 },
    ]);
    expect(plain.slice(1)).toEqual(['東京     1', 'Oslo     2']);
    const coloured = await tableLines(painted, [{ name: 'ab', cost: 1 }]);
    expect(coloured[1]).toBe('\u001B[32mab\u001B[39m       \u001B[32m1\u001B[39m');
  });

  it('paints titles and shows control characters as blanks', async () => {
    const lines = await tableLines(COLUMNS, [{ name: 'a\u001B[2J\nb', cost: 1 }], (title) => `<${title}>`);
    expect(lines[0]).toBe('<NAME>     <COST>');
    expect(lines[1]).toBe('a [2J b     1');
  });
});
