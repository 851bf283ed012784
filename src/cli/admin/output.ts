import type { ProgramIo } from '../run-program.js';
import { tableLines, type Column } from '../table.js';

/** Lines and tables for people, or JSON for programs. */
export class AdminOutput {
  constructor(
    private readonly io: Pick<ProgramIo, 'stdout' | 'stderr'>,
    readonly isJson: boolean,
  ) {}

  line(text: string): void {
    this.io.stdout.write(`${text}\n`);
  }

  /** A remark that is no result; on standard error, so that it never mixes with one. */
  warn(text: string): void {
    this.io.stderr.write(`${text}\n`);
  }

  /** With `-json` the value itself, else what `print` writes. */
  async result(value: object, print: () => void | Promise<void>): Promise<void> {
    if (this.isJson) this.line(JSON.stringify(value));
    else await print();
  }

  async table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Promise<void> {
    this.line((await tableLines(columns, rows)).join('\n'));
  }

  /** Names and values below each other. */
  fields(members: readonly (readonly [string, string])[]): void {
    const width = Math.max(...members.map(([name]) => name.length));
    for (const [name, value] of members) this.line(`${name.padEnd(width)}  ${value}`);
  }
}
