import { once } from 'node:events';
import type picocolors from 'picocolors';
import { printable } from '../printable.js';
import type { ProgramIo } from '../run-program.js';
import { tableLines, type Column } from '../table.js';
import type { Answer } from './api.js';

export type Paint = ReturnType<typeof picocolors.createColors>;

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
    const lines = await tableLines(columns, rows, this.paint.bold);
    this.line(lines.join('\n'));
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

/** NO_COLOR (no-color.org) and a pipe both mean plain text. */
function wantsColour({ stdout, env }: ProgramIo): boolean {
  return stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}
