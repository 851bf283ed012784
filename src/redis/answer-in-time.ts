import { RedisUnavailable } from './redis.errors.js';

const SLICES = 5;
/** A timer fires about a millisecond after its time, each one. */
const LATE_MS = 1;

/**
 * Settles like `answer`, or rejects once `ms` have passed without one. The time is measured in slices, of which a stall of
 * this process uses up one at most: what arrived meanwhile has to be read first, and is no silence of Redis.
 */
export function answerInTime<T>(answer: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const sliceMs = ms / SLICES - LATE_MS;
    let left = SLICES;
    const pass = (): void => {
      left -= 1;
      if (left > 0) timer = setTimeout(pass, sliceMs);
      else reject(new RedisUnavailable(`no answer in ${ms} ms`));
    };
    let timer = setTimeout(pass, sliceMs);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
