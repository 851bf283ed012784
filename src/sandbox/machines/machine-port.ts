import { randomInt } from 'node:crypto';
import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Below the range from which systems hand out ports by themselves: a machine that is down for a while keeps its
 * port, because nobody else is given it.
 */
const LOWEST_PORT = 20_000;
const HIGHEST_PORT = 32_000;

const ATTEMPTS = 25;
const RETRY_MS = 20;

/** Listens on a free machine port. @returns the port */
export async function listenOnAnyPort(server: Server, host: string): Promise<number> {
  return attempt(async () => {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT);
    await listen(server, host, port);
    return port;
  });
}

/** Listens on the port that a machine had before. */
export async function listenAgain(server: Server, host: string, port: number): Promise<void> {
  await attempt(async (isRetry) => {
    if (isRetry) await delay(RETRY_MS);
    await listen(server, host, port);
  });
}

async function attempt<T>(work: (isRetry: boolean) => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await work(attempts > 1);
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!isTaken || attempts >= ATTEMPTS) throw error;
    }
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void): void => {
      server.removeAllListeners('listening').removeAllListeners('error');
      outcome();
    };
    server.once('error', (error) => settle(() => reject(error)));
    server.once('listening', () => settle(resolve));
    server.listen(port, host);
  });
}
