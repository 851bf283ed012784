import { describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../common/clock.js';
import type { ApiKeyRepository } from './api-key.repository.js';
import { LastUsedRecorder } from './last-used.recorder.js';

describe('LastUsedRecorder', () => {
  const start = (
    markUsed: ApiKeyRepository['markUsed'],
  ): { clock: ManualClock; recorder: LastUsedRecorder } => {
    const clock = new ManualClock();
    return { clock, recorder: new LastUsedRecorder({ markUsed } as ApiKeyRepository, clock) };
  };

  it('writes once a minute and key, however often the key is used', async () => {
    const markUsed = vi.fn<ApiKeyRepository['markUsed']>().mockResolvedValue();
    const { clock, recorder } = start(markUsed);
    const begun = clock.now();
    for (let use = 0; use < 100; use++) recorder.touch(use % 2 ? 'a' : 'b');
    clock.advance(59_999);
    recorder.touch('a');
    await recorder.flush();
    expect(markUsed.mock.calls).toEqual([[['b', 'a'], begun, begun - 60_000]]);
    clock.advance(1);
    recorder.touch('a');
    await recorder.beforeApplicationShutdown();
    expect(markUsed.mock.lastCall).toEqual([['a'], clock.now(), clock.now() - 60_000]);
    expect(markUsed).toHaveBeenCalledTimes(2);
  });

  it('writes by itself within a second or two, many keys in few statements', async () => {
    const sizes: number[] = [];
    const written = new Promise<void>((resolve) => {
      const { recorder } = start(async (ids) => {
        sizes.push(ids.length);
        if (sizes.length === 3) resolve();
      });
      for (let key = 0; key < 1200; key++) recorder.touch(`key-${key}`);
    });
    await written;
    expect(sizes).toEqual([500, 500, 200]);
  });

  it('does not let a failing database reach the request', async () => {
    const { recorder } = start(() => Promise.reject(new Error('down')));
    recorder.touch('a');
    await expect(recorder.flush()).resolves.toBeUndefined();
  });
});
