import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { anvilBinary } from './anvil-binary.js';

export interface AnvilOptions {
  chainId?: number;
  /** Finality is two epochs behind the newest block. */
  slotsInEpoch?: number;
}

export interface AnvilProcess {
  url: string;
  stop(): Promise<void>;
}

/** A chain of its own in a process of its own, on a free port. Blocks are made by hand. */
export async function startAnvil({
  chainId = 31337,
  slotsInEpoch = 32,
}: AnvilOptions = {}): Promise<AnvilProcess> {
  const settings = { port: 0, host: '127.0.0.1', 'chain-id': chainId, 'slots-in-an-epoch': slotsInEpoch };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(anvilBinary(), [...flags, '--no-mining', '--threads', '1'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  const url = await listeningUrl(child);
  const stop = async (): Promise<void> => {
    process.off('exit', kill);
    if (child.exitCode !== null || child.signalCode !== null) return;
    kill();
    await once(child, 'exit');
  };
  return { url, stop };
}

function listeningUrl(child: ChildProcess): Promise<string> {
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error('the local chain has no output');
  let complaint = '';
  stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  return new Promise((resolve, reject) => {
    createInterface(stdout).on('line', (line) => {
      const [, authority] = /^Listening on (\S+)/.exec(line) ?? [];
      if (authority) resolve(`http://${authority}`);
    });
    child.once('error', (error) => reject(new Error(`the local chain does not run here: ${error.message}`)));
    child.once('exit', (status) => reject(new Error(`the local chain ended with ${status}: ${complaint}`)));
  });
}
