import { Logger } from '@nestjs/common';
import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../common/clock.js';
import { DestroyCalls } from './destroy-calls.js';

Logger.overrideLogger(false);

const CONTRACT = { provider: 'vast.ai', contractId: '555', label: 'gpx-a' } as const;

describe('DestroyCalls', () => {
  let clock: ManualClock;
  let calls: DestroyCalls;
  let asked: string[];
  let answer: () => Promise<void>;

  beforeEach(() => {
    clock = new ManualClock();
    asked = [];
    answer = async () => undefined;
    const farm = { destroyContract: (id: string) => (asked.push(id), answer()) };
    calls = new DestroyCalls({ byName: () => farm } as never, clock);
  });

  it('puts one contract into the queue once, however many ask', async () => {
    expect(await Promise.all([calls.ask(CONTRACT), calls.ask(CONTRACT), calls.ask(CONTRACT)])).toEqual([
      true,
      true,
      true,
    ]);
    expect(asked).toEqual(['555']);
  });

  it('does not repeat what the farm took, for a while', async () => {
    await calls.ask(CONTRACT);
    clock.advance(14_999);
    expect(await calls.ask(CONTRACT)).toBe(true);
    expect(asked).toHaveLength(1);
    clock.advance(1);
    await calls.ask(CONTRACT);
    expect(asked).toHaveLength(2);
  });

  it('repeats at once what failed', async () => {
    answer = () => Promise.reject(new Error('502'));
    expect(await calls.ask(CONTRACT)).toBe(false);
    answer = async () => undefined;
    expect(await calls.ask(CONTRACT)).toBe(true);
    expect(asked).toHaveLength(2);
  });

  it('asks anew for another contract of the same id', async () => {
    await calls.ask(CONTRACT);
    await calls.ask({ ...CONTRACT, label: 'gpx-b' });
    expect(asked).toHaveLength(2);
  });
});
