import { printable } from './printable.js';

/** A column of a table; numbers and prices read best on the right. */
export interface Column<Row> {
  title: string;
  align?: 'left' | 'right';
  cell(row: Row): string;
  /** Colour of a finished cell. */
  paint?(text: string, row: Row): string;
}

const GAP = '  ';

/**
 * Rows under a line of titles, columns two blanks apart, widths as a terminal shows them. The usual table packages
 * draw borders we do not want and need time in the square of the rows (3 s for 4,000 offers), so we align ourselves.
 */
export async function tableLines<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  paintTitle: (title: string) => string = (title) => title,
): Promise<string[]> {
  const { default: widthOf } = await import('string-width');
  const aligned = columns.map((column) => {
    const cells = rows.map((row) => {
      const text = printable(column.cell(row));
      return { width: widthOf(text), text: column.paint?.(text, row) ?? text };
    });
    const title = { width: widthOf(column.title), text: paintTitle(column.title.toUpperCase()) };
    return alignCells([title, ...cells], column.align ?? 'left');
  });
  const lines = Array.from({ length: rows.length + 1 }, (_, line) => aligned.map((cells) => cells[line]));
  return lines.map((cells) => cells.join(GAP).trimEnd());
}

function alignCells(cells: readonly { width: number; text: string }[], align: 'left' | 'right'): string[] {
  const widest = cells.reduce((most, { width }) => Math.max(most, width), 0);
  return cells.map(({ width, text }) => {
    const blanks = ' '.repeat(widest - width);
    return align === 'right' ? blanks + text : text + blanks;
  });
}
