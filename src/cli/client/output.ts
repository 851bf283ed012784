import { once } from 'node:events';
import type picocolors from 'picocolors';
import type { ProgramIo } from '../run-program.js';
import type { Answer } from './api.js';
import { printable } from './format.js';

export type Paint = ReturnType<typeof picocolors.createColors>;

/** A column of a table; numbers and prices read best on the right. */
export interface Column<Row> {
  title: string;
  align?: 'left' | 'right';
  cell(row: Row): string;
  /** Colour of a finished cell. */
  paint?(text: string, row: Row): string;
}

const GOOD = new Set(['running', 'serving', 'completed', 'ok', 'healthy', 'closed']);
const WAITING = new Set([
  'requested',
  'provisioning',
  'starting',
  'stopping',
  'pending',
  'degraded',
  'fenced',
]);
const BAD = new Set(['failed', 'lost', 'ejected', 'unhealthy']);

/** Borders of cli-table3 that are no borders: columns two blanks apart. */
const NO_BORDERS = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid'].flatMap((side) =>
    [side, `${side}-mid`, `${side}-left`, `${side}-right`, 'middle'].map((name) => [name, '']),
  ),
);

/** Where a command writes: tables and lines for people, or the server's JSON for programs. */
export class Output {
  private constructor(
    private readonly stdout: ProgramIo['stdout'],
    readonly isJson: boolean,
    readonly paint: Paint,
    readonly nowMs: number,
  ) {}

  static async open(io: ProgramIo, isJson: boolean, nowMs = Date.now()): Promise<Output> {
    const { default: colors } = await import('picocolors');
    return new Output(io.stdout, isJson, colors.createColors(!isJson && wantsColour(io)), nowMs);
  }

  /** With `-json` the answer's own text, else what `render` prints. */
  async answer<T>(answer: Answer<T>, render: (data: T) => void | Promise<void>): Promise<void> {
    if (this.isJson) this.line(answer.text.trimEnd());
    else await render(answer.data);
  }

  line(text = ''): void {
    this.stdout.write(`${text}\n`);
  }

  /** A remark beside the data. */
  note(text: string): void {
    this.line(this.paint.dim(text));
  }

  /** Names and values below each other; members without a value are left out. */
  fields(members: readonly (readonly [string, string | null | undefined])[]): void {
    const present = members.filter((member): member is [string, string] => Boolean(member[1]));
    const width = Math.max(...present.map(([name]) => name.length));
    for (const [name, value] of present) this.line(`${this.paint.dim(name.padEnd(width))}  ${value}`);
  }

  async table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Promise<void> {
    const { default: Table } = await import('cli-table3');
    const table = new Table({
      head: columns.map(({ title }) => this.paint.bold(title.toUpperCase())),
      colAligns: columns.map(({ align }) => align ?? 'left'),
      chars: NO_BORDERS,
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    });
    table.push(...rows.map((row) => columns.map((column) => cellOf(column, row))));
    const text = table.toString();
    for (const line of text.split('\n')) this.line(line.trimEnd());
  }

  /** Writes and waits until the reader has taken it. */
  async write(piece: string | Uint8Array): Promise<void> {
    if (!this.stdout.write(piece)) await once(this.stdout, 'drain');
  }

  /** The word for a state in the colour of its mood. */
  state(word: string): string {
    const text = printable(word);
    if (GOOD.has(word)) return this.paint.green(text);
    if (WAITING.has(word)) return this.paint.yellow(text);
    return BAD.has(word) ? this.paint.red(text) : this.paint.dim(text);
  }
}

function cellOf<Row>(column: Column<Row>, row: Row): string {
  const text = printable(column.cell(row));
  return column.paint ? column.paint(text, row) : text;
}

/** NO_COLOR (no-color.org) and a pipe both mean plain text. */
function wantsColour({ stdout, env }: ProgramIo): boolean {
  return stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}
