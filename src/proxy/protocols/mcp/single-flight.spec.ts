import { describe, expect, it } from 'vitest';
import { SingleFlight, withinTime } from './single-flight.js';

const never = new AbortController().signal;

interface Deferred {
  promise: Promise<number>;
  resolve: (value: number) => void;
  reject: (error: Error) => void;
}

function deferred(): Deferred {
  const parts: Partial<Deferred> = {};
  parts.promise = new Promise<number>((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts as Deferred;
}

describe('SingleFlight', () => {
  it('does what several want once, and again for those who come later', async () => {
    const flights = new SingleFlight<number>();
    const work = [deferred(), deferred()];
    let begun = 0;
    const share = (key = 'a'): Promise<number> => flights.share(key, never, () => work[begun++].promise);
    const both = [share(), share()];
    work[0].resolve(1);
    expect(await Promise.all(both)).toEqual([1, 1]);
    const later = share();
    work[1].resolve(2);
    expect(await later).toBe(2);
    expect(begun).toBe(2);
  });

  it('goes on for the others when one leaves', async () => {
    const flights = new SingleFlight<number>();
    const { promise, resolve } = deferred();
    const stop = new AbortController();
    const leaving = flights.share('a', stop.signal, () => promise);
    const staying = flights.share('a', never, () => promise);
    stop.abort(new Error('gone'));
    await expect(leaving).rejects.toThrow('gone');
    resolve(3);
    expect(await staying).toBe(3);
    await expect(flights.share('b', stop.signal, () => promise)).rejects.toThrow('gone');
  });

  it('fails for all, and tries again for the next', async () => {
    const flights = new SingleFlight<number>();
    const { promise, reject } = deferred();
    const both = [flights.share('a', never, () => promise), flights.share('a', never, () => promise)];
    reject(new Error('no'));
    for (const one of both) await expect(one).rejects.toThrow('no');
    expect(await flights.share('a', never, async () => 4)).toBe(4);
  });
});

it('withinTime ends work that takes too long', async () => {
  const endless = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  await expect(withinTime(20, endless)).rejects.toMatchObject({ code: 'upstream_first_byte_timeout' });
  expect(await withinTime(1000, async () => 5)).toBe(5);
});
