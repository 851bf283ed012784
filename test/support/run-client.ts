import { Readable, Writable } from 'node:stream';
import { main } from '../../src/cli/client/main.js';

export interface ClientRun {
  status: number;
  stdout: string;
  stderr: string;
  /** Standard output as lines. */
  lines: string[];
}

export interface ClientSurroundings {
  env?: NodeJS.ProcessEnv;
  /** Pretend that standard output is a terminal. */
  isTty?: boolean;
  stdin?: string;
  signal?: AbortSignal;
  /** Called with each piece of standard output as it is written. */
  onOutput?(piece: string): void;
}

/** Runs the client inside this process, as its launcher would, and collects what it prints. */
export async function runClient(argv: string[], surroundings: ClientSurroundings = {}): Promise<ClientRun> {
  const { env = {}, isTty = false, stdin, signal, onOutput } = surroundings;
  const stdout = collector(onOutput);
  const stderr = collector();
  const status = await main(argv, {
    stdout: Object.assign(stdout.stream, { isTTY: isTty }),
    stderr: stderr.stream,
    stdin: stdin === undefined ? undefined : Readable.from([Buffer.from(stdin)]),
    env,
    signal,
  });
  const text = stdout.text();
  return { status, stdout: text, stderr: stderr.text(), lines: text.split('\n') };
}

/** The words a shell makes of a command line: variables filled in, quotes taken off, the program's name dropped. */
export function shellWords(line: string, variables: Readonly<Record<string, string>> = {}): string[] {
  const filled = line.replace(/\$(\w+)/g, (_, name: string) => variables[name] ?? '');
  const words = filled.match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
  return words.slice(1).map((word) => word.replace(/^(["'])(.*)\1$/s, '$2'));
}

function collector(onPiece?: (piece: string) => void): { stream: Writable; text(): string } {
  const pieces: Buffer[] = [];
  const stream = new Writable({
    write(piece: Buffer, _encoding, done) {
      pieces.push(piece);
      onPiece?.(piece.toString('utf8'));
      done();
    },
  });
  return { stream, text: () => Buffer.concat(pieces).toString('utf8') };
}
