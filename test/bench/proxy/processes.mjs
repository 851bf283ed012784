import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** Starts a program on one core; its first line of output is `first`. */
export async function startPinned(core, command, args, options = {}) {
  const child = spawn('taskset', ['-c', String(core), command, ...args], {
    stdio: ['pipe', 'pipe', options.stderr ?? 'inherit'],
    ...options,
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value;
  return { child, pid: child.pid, next, stop: () => stop(child) };
}

function stop(child) {
  if (child.exitCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', resolve);
    child.kill('SIGTERM');
  });
}

/** The process and all below it. */
function tree(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return [pid, ...children.flatMap((child) => tree(Number(child)))];
}

/** Microseconds that the processes have run for, all threads included. */
export function cpuMicros(pid) {
  let nanos = 0;
  for (const member of tree(pid)) {
    for (const thread of readdirSync(`/proc/${member}/task`)) {
      nanos += Number(readFileSync(`/proc/${member}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    }
  }
  return nanos / 1000;
}

function statusKiB(pid, field) {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(text)?.[1] ?? 0);
}

export const rssKiB = (pid) => tree(pid).reduce((sum, member) => sum + statusKiB(member, 'VmRSS'), 0);

/** The highest since the last reset. */
export const peakKiB = (pid) => tree(pid).reduce((sum, member) => sum + statusKiB(member, 'VmHWM'), 0);

export function resetPeak(pid) {
  for (const member of tree(pid)) writeFileSync(`/proc/${member}/clear_refs`, '5');
}
