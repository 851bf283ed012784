import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { cpuMicros } from '../proxy/processes.mjs';

/** The servers that are measured have one core, whoever makes their work the other. */
export const CORES = { work: 0, server: 1 };

/** A program of this folder on one core; `ask` sends it an order and resolves with its answer. */
export async function start(file, core, options = {}) {
  const child = fork(join(import.meta.dirname, file), {
    execPath: 'taskset',
    execArgv: ['-c', String(core), process.execPath, '--expose-gc'],
    ...options,
  });
  const answer = async () => (await once(child, 'message'))[0];
  const ask = (order) => {
    const answered = answer();
    child.send(order);
    return answered;
  };
  const stop = async () => {
    if (child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  child.once('exit', (status) => {
    if (status) process.stderr.write(`${file} ended with ${status}\n`);
  });
  return { pid: child.pid, ready: await answer(), ask, stop };
}

/** What an order costs the server, in microseconds of its processor. */
export async function costOf(server, work) {
  const before = cpuMicros(server.pid);
  const result = await work();
  return { ...result, cpuMicros: cpuMicros(server.pid) - before };
}
