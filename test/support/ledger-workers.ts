import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('processes/ledger-worker.mjs', import.meta.url));

/** Something that a worker wanted to do to one account; see processes/ledger-worker.mjs. */
export interface Story {
  id: string;
  kind: 'purchase' | 'settle' | 'void' | 'rental';
  user: string;
  /** Micro-credits bought or held. */
  amount: number;
  /** Micro-credits charged; of a rental: seconds. */
  charges: number[];
}

interface Line {
  begun?: Story;
  ended?: string;
  /** Why nothing of it was done. */
  refusal?: string;
  ms: number;
}

export interface Load {
  users: string[];
  /** Stories at a time. */
  loops: number;
  seconds: number;
}

export const MICRO_PER_SECOND = 1000;

/** Real processes on one database, and what they have written down. */
export class LedgerWorkers {
  private readonly journals: string[] = [];
  private repeated: Line[] = [];

  constructor(
    private readonly folder: string,
    private readonly env: Record<string, string>,
  ) {}

  /** Resolves when it is at work. */
  async start(load: Load): Promise<ChildProcess> {
    const journal = join(this.folder, `${this.journals.length}.journal`);
    this.journals.push(journal);
    const child = this.spawn(['run', journal, JSON.stringify(load)]);
    const [first] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [unknown];
    if (String(first) !== 'ready\n') throw new Error(`the worker did not start: ${String(first)}`);
    return child;
  }

  /** Clients repeat what they had no answer to. */
  async repeatOpen(): Promise<number> {
    const child = this.spawn(['repeat', ...this.journals]);
    const [output, [status]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    if (status !== 0) throw new Error(`repeating ended with ${String(status)}`);
    this.repeated = linesOf(output);
    return this.repeated.length;
  }

  /** All that was done, once each; refusals apart. */
  async outcome(): Promise<{ done: Story[]; refused: number; milliseconds: number[] }> {
    const texts = await Promise.all(
      this.journals.map((journal) => readFile(journal, 'utf8').catch(() => '')),
    );
    const lines = [...texts.flatMap(linesOf), ...this.repeated];
    const ends = new Map(lines.map((line) => [line.ended, line]));
    const stories = lines.map(({ begun }) => begun).filter((story) => story !== undefined);
    const done = stories.filter(({ id }) => ends.has(id) && ends.get(id)?.refusal === undefined);
    const milliseconds = lines.filter(({ ended }) => ended !== undefined).map(({ ms }) => ms);
    return { done, refused: stories.length - done.length, milliseconds };
  }

  private spawn(parameters: string[]) {
    return spawn(process.execPath, [SCRIPT, ...parameters], {
      cwd: this.folder,
      env: { PATH: process.env.PATH, SIGNUP_CREDITS: '0', ...this.env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }
}

/** The line that was being written when the process died is no line. */
function linesOf(journal: string): Line[] {
  const whole = journal.split('\n').slice(0, -1);
  return whole.map((line) => JSON.parse(line) as Line);
}

/** What the stories must have done to each account. */
export function effectOf(stories: readonly Story[]): Map<string, { boughtMicro: number; usedMicro: number }> {
  const effects = new Map<string, { boughtMicro: number; usedMicro: number }>();
  for (const { kind, user, amount, charges } of stories) {
    const effect = effects.get(user) ?? { boughtMicro: 0, usedMicro: 0 };
    if (kind === 'purchase') effect.boughtMicro += amount;
    if (kind === 'settle') effect.usedMicro += charges[0] + charges[1];
    if (kind === 'rental') effect.usedMicro += charges[0] * MICRO_PER_SECOND;
    effects.set(user, effect);
  }
  return effects;
}
