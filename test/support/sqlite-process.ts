import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('processes/sqlite-process.mjs', import.meta.url));

/** Runs statements on an SQLite file in a process of its own; resolves with its exit code. */
export async function inSqliteProcess(file: string, ...steps: string[]): Promise<number> {
  const [code] = (await once(start(file, steps), 'close')) as [number];
  return code;
}

/** Runs the statements and then holds whatever they opened, until the process is killed. */
export async function holdInSqliteProcess(file: string, ...steps: string[]): Promise<() => Promise<void>> {
  const child = start(file, [...steps, 'hold']);
  if (!child.stdout) throw new Error('the process has no output');
  await once(child.stdout, 'data');
  return async () => {
    child.kill('SIGKILL');
    await once(child, 'close');
  };
}

function start(file: string, steps: string[]): ChildProcess {
  return spawn(process.execPath, [SCRIPT, file, ...steps], { stdio: ['ignore', 'pipe', 'ignore'] });
}
