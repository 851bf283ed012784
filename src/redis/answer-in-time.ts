import { RedisUnavailable } from './redis.errors.js';

/**
 * Settles like `answer`, or rejects once `ms` have passed without one. When time is up, what has arrived meanwhile is read
 * first: a stall of this process is no silence of Redis.
 */
export function answerInTime<T>(answer: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new RedisUnavailable(`no answer in ${ms} ms`));
    const timer = setTimeout(() => setImmediate(giveUp), ms);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
