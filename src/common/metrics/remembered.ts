import type { Clock } from '../clock.js';

const KEPT_MS = 10_000;

/** An answer of the database for several readers within ten seconds. */
export function remembered<T>(clock: Clock, read: () => Promise<T>): () => Promise<T> {
  let readAt = -Infinity;
  let answer: Promise<T> | undefined;
  return () => {
    if (answer && clock.now() - readAt < KEPT_MS) return answer;
    readAt = clock.now();
    const fresh = read();
    answer = fresh;
    fresh.catch(() => (answer = undefined));
    return fresh;
  };
}
