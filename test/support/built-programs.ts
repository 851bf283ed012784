import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = join(import.meta.dirname, '..', '..');

/** `npm run build` comes before; without it these tests would test nothing. */
export function requireBuild(): void {
  if (!existsSync(join(ROOT, 'dist', 'src', 'main.js'))) throw new Error('run `npm run build` first');
}

export const program = (name: string): string => join(ROOT, 'bin', name);

export interface Finished {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a command line to its end, as a shell would. */
export async function runShell(
  line: string,
  options: { cwd: string; env?: Record<string, string> },
): Promise<Finished> {
  const child = spawn('bash', ['-c', line], {
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: '1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
}

export interface DaemonProcess {
  url: string;
  child: ChildProcess;
  /** All log lines so far. */
  lines: string[];
  stop(): Promise<number | null>;
}

/**
 * Starts the built daemon in a folder of its own and waits for its ready line.
 * @param through a command that starts the one after it, in the same process
 */
export async function startDaemonProcess(
  folder: string,
  flags: readonly string[],
  env: Record<string, string> = {},
  through: readonly string[] = [],
): Promise<DaemonProcess> {
  const [command, ...parameters] = [...through, program('aiserve-gpuproxyd'), ...flags];
  const child = spawn(command, parameters, {
    cwd: folder,
    env: { PATH: process.env.PATH, SERVER_HOST: '127.0.0.1', SERVER_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      lines.push(line);
      const ready = /listening on (http:\/\/[^"\s]+)/.exec(line);
      if (ready) resolve(ready[1]);
    });
    child.once('exit', (status) => reject(new Error(`the daemon ended with ${status}: ${complaint}`)));
  });
  const stop = async (): Promise<number | null> => {
    if (child.exitCode !== null) return child.exitCode;
    child.kill('SIGTERM');
    const [status] = (await once(child, 'exit')) as [number | null];
    return status;
  };
  return { url, child, lines, stop };
}
