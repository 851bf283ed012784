import { describe, expect, test } from 'vitest';
import { FaultQueue, type TransportEffect } from './faults.js';

interface Calls {
  any: TransportEffect;
  rent: TransportEffect;
  show: TransportEffect;
  boot: 'stuck';
}

describe('FaultQueue', () => {
  test('hits the next matching call once, and only that kind of call', () => {
    const faults = new FaultQueue<Calls>();
    faults.inject('rent', 'cut_after');
    expect(faults.take('show')).toBeUndefined();
    expect(faults.take('rent')?.effect).toBe('cut_after');
    expect(faults.take('rent')).toBeUndefined();
  });

  test('hits as many calls as asked, in the order of planning', () => {
    const faults = new FaultQueue<Calls>();
    faults.inject('rent', 'rate_limited', { times: 2 });
    faults.inject('rent', 'html_502');
    const effects = [1, 2, 3, 4].map(() => faults.take('rent')?.effect);
    expect(effects).toEqual(['rate_limited', 'rate_limited', 'html_502', undefined]);
  });

  test('may be limited to one offer or contract', () => {
    const faults = new FaultQueue<Calls>();
    faults.inject('show', 'server_error', { id: 42 });
    expect(faults.take('show', '41')).toBeUndefined();
    expect(faults.take('show', '42')?.effect).toBe('server_error');
  });

  test('`any` hits every call over the wire, never a boot', () => {
    const faults = new FaultQueue<Calls>();
    faults.inject('any', 'slow', { delayMs: 5 });
    expect(faults.take('boot')).toBeUndefined();
    expect(faults.take('show')).toEqual({ effect: 'slow', delayMs: 5 });
  });

  test('clear forgets what is planned', () => {
    const faults = new FaultQueue<Calls>();
    faults.inject('boot', 'stuck');
    faults.clear();
    expect(faults.take('boot')).toBeUndefined();
  });
});
