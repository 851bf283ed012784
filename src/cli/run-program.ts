/** What a command-line program needs from the process, so that tests can run it inside their own. */
export interface ProgramIo {
  stdout: NodeJS.WritableStream & { isTTY?: boolean };
  stderr: NodeJS.WritableStream;
  env: NodeJS.ProcessEnv;
  /** For `-d @-`; absent = nothing can be read. */
  stdin?: NodeJS.ReadableStream;
  /** Fires on Ctrl-C. */
  signal?: AbortSignal;
}

/** Runs with the words behind the program's name and answers the exit status. */
export type Program = (argv: string[], io: ProgramIo) => Promise<number>;

/** The status shells give to a program that ended by Ctrl-C. */
export const INTERRUPTED = 130;

/**
 * Runs a program on this process: Ctrl-C aborts it once and kills it when repeated, and a reader that goes away
 * (`… | head -1`) ends it quietly. The exit status is set, not forced, so that pending output still goes out.
 */
export async function runProgram(program: Program): Promise<void> {
  const interrupt = new AbortController();
  process.on('SIGINT', () => {
    if (interrupt.signal.aborted) process.exit(INTERRUPTED);
    interrupt.abort();
  });
  process.stdout.on('error', endWithoutReader);
  process.stderr.on('error', endWithoutReader);
  const { stdout, stderr, env } = process;
  process.exitCode = await program(process.argv.slice(2), {
    stdout,
    stderr,
    env,
    // A getter: merely touching process.stdin opens it.
    get stdin() {
      return process.stdin;
    },
    signal: interrupt.signal,
  });
}

function endWithoutReader(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
}
