import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../common/clock.js';
import { InstanceBusyTime, type BusySpan } from './instance-busy-time.js';

const setUp = (): { clock: ManualClock; busy: InstanceBusyTime } => {
  const clock = new ManualClock();
  return { clock, busy: new InstanceBusyTime(clock) };
};

describe('InstanceBusyTime', () => {
  it('gives a lonely request all of its time', () => {
    const { clock, busy } = setUp();
    const span = busy.begin('a');
    clock.advance(120);
    expect(busy.end(span)).toBe(120);
  });

  it('lets those who run at the same time share it', () => {
    const { clock, busy } = setUp();
    const first = busy.begin('a');
    clock.advance(100);
    const second = busy.begin('a');
    clock.advance(60);
    expect(busy.end(first)).toBe(130);
    clock.advance(10);
    expect(busy.end(second)).toBe(40);
  });

  it('counts each instance by itself, and no idle time', () => {
    const { clock, busy } = setUp();
    const elsewhere = busy.begin('b');
    busy.end(busy.begin('a'));
    clock.advance(1000);
    const span = busy.begin('a');
    clock.advance(5);
    expect([busy.end(span), busy.end(elsewhere)]).toEqual([5, 1005]);
  });

  it('divides exactly the busy time, whoever comes and goes', () => {
    const steps = fc.array(fc.record({ waitMs: fc.nat(1000), index: fc.nat(9), isBegin: fc.boolean() }));
    const addsUp = fc.property(steps, (todo) => {
      const { clock, busy } = setUp();
      const spans: BusySpan[] = [];
      let busyMs = 0;
      let sharedMs = 0;
      for (const { waitMs, index, isBegin } of todo) {
        clock.advance(waitMs);
        if (spans.length > 0) busyMs += waitMs;
        if (isBegin) spans.push(busy.begin('a'));
        else if (spans.length > 0) sharedMs += busy.end(spans.splice(index % spans.length, 1)[0]);
      }
      for (const span of spans) sharedMs += busy.end(span);
      expect(sharedMs).toBeCloseTo(busyMs, 6);
    });
    fc.assert(addsUp);
  });
});
