import * as fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Circuit, ejectionCap, LONGEST_EJECTION_MS, type CircuitTicket } from './outlier.js';

// Properties try many cases; a busy machine needs more than the usual five seconds.
vi.setConfig({ testTimeout: 30_000 });

const EJECT_TIME_MS = 10_000;

describe('Circuit', () => {
  let circuit: Circuit;

  beforeEach(() => {
    circuit = new Circuit({ ejectAfter: 3, ejectTimeMs: EJECT_TIME_MS, maxEjectedPercent: 50 });
  });

  const fail = (times: number, now = 0): void => {
    for (let failure = 0; failure < times; failure++) circuit.failed(circuit.begin(), now);
  };

  /** Waits for the probe, lets it fail, and returns for how long the circuit is open then. */
  const failProbe = (): number => {
    const now = circuit.halfOpenAt;
    circuit.halfOpen();
    circuit.failed(circuit.begin(), now);
    return circuit.halfOpenAt - now;
  };

  it('opens after the given number of failures in a row', () => {
    fail(2);
    expect(circuit.phase).toBe('closed');
    fail(1, 500);
    expect([circuit.phase, circuit.isOut, circuit.halfOpenAt]).toEqual(['open', true, 500 + EJECT_TIME_MS]);
  });

  it('starts counting again after a success', () => {
    fail(2);
    circuit.succeeded(circuit.begin(), 0);
    fail(2);
    expect(circuit.phase).toBe('closed');
  });

  it('learns nothing from requests that clients abort', () => {
    fail(2);
    circuit.abandoned(circuit.begin());
    expect(circuit.phase).toBe('closed');
    fail(1);
    expect(circuit.phase).toBe('open');
  });

  it('lets exactly one request through when the time is over', () => {
    fail(3);
    circuit.halfOpen();
    expect([circuit.phase, circuit.isOut]).toEqual(['half_open', false]);
    expect(circuit.begin().isProbe).toBe(true);
    expect([circuit.phase, circuit.isOut]).toEqual(['probing', true]);
    expect(circuit.begin().isProbe).toBe(false);
  });

  it('closes when the probe succeeds', () => {
    fail(3);
    circuit.halfOpen();
    circuit.succeeded(circuit.begin(), EJECT_TIME_MS);
    expect([circuit.phase, circuit.isOut]).toEqual(['closed', false]);
  });

  it('waits for another probe when the client aborts it', () => {
    fail(3);
    circuit.halfOpen();
    circuit.abandoned(circuit.begin());
    expect(circuit.phase).toBe('half_open');
    expect(circuit.begin().isProbe).toBe(true);
  });

  it('doubles the time with every failed probe, up to five minutes', () => {
    fail(3);
    const times = Array.from({ length: 7 }, failProbe);
    expect(times).toEqual([20_000, 40_000, 80_000, 160_000, 300_000, 300_000, LONGEST_EJECTION_MS]);
  });

  it('goes on doubling when it fails again soon after its return, and forgives when it stayed well', () => {
    fail(3);
    circuit.halfOpen();
    circuit.succeeded(circuit.begin(), 10_000);
    fail(3, 15_000);
    expect(circuit.halfOpenAt - 15_000).toBe(20_000);
    circuit.halfOpen();
    circuit.succeeded(circuit.begin(), 35_000);
    fail(3, 55_000);
    expect(circuit.halfOpenAt - 55_000).toBe(10_000);
  });

  it('opens again when a probe that had begun to answer breaks off', () => {
    fail(3);
    circuit.halfOpen();
    const probe = circuit.begin();
    circuit.succeeded(probe, 10_000);
    circuit.failed(probe, 10_500);
    expect([circuit.phase, circuit.halfOpenAt]).toEqual(['open', 30_500]);
  });

  it('counts it as one failure when a probe that answered breaks off long after', () => {
    fail(3);
    circuit.halfOpen();
    const probe = circuit.begin();
    circuit.succeeded(probe, 10_000);
    circuit.failed(probe, 20_000);
    expect(circuit.phase).toBe('closed');
  });

  it('ignores what began before it opened', () => {
    const [early, late] = [circuit.begin(), circuit.begin()];
    fail(3);
    circuit.succeeded(early, 100);
    expect(circuit.phase).toBe('open');
    circuit.halfOpen();
    circuit.failed(late, EJECT_TIME_MS);
    expect(circuit.phase).toBe('half_open');
  });

  it('closes early on a success of a request that began while it was open', () => {
    fail(3);
    const meanwhile = circuit.begin();
    circuit.failed(circuit.begin(), 50);
    expect(circuit.halfOpenAt).toBe(EJECT_TIME_MS);
    circuit.succeeded(meanwhile, 100);
    expect(circuit.phase).toBe('closed');
  });

  it('never probes twice at a time nor stays open beyond five minutes, whatever happens', () => {
    const event = fc.record({
      kind: fc.constantFrom('begin', 'succeeded', 'failed', 'abandoned', 'halfOpen'),
      which: fc.nat(9),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200, size: 'max' }), (events) => {
        const circuit = new Circuit({ ejectAfter: 2, ejectTimeMs: EJECT_TIME_MS, maxEjectedPercent: 50 });
        const tickets: CircuitTicket[] = [];
        let [doubledProbes, longestMs] = [0, 0];
        events.forEach(({ kind, which }, now) => {
          if (kind === 'begin') {
            const mayProbe = circuit.phase === 'half_open';
            tickets.push(circuit.begin());
            if (tickets.at(-1)?.isProbe !== mayProbe) doubledProbes += 1;
          } else if (kind === 'halfOpen') circuit.halfOpen();
          else if (tickets.length > 0) circuit[kind](tickets[which % tickets.length], now);
          if (circuit.phase === 'open') longestMs = Math.max(longestMs, circuit.halfOpenAt - now);
        });
        expect(doubledProbes).toBe(0);
        expect(longestMs).toBeLessThanOrEqual(LONGEST_EJECTION_MS);
      }),
    );
  });
});

describe('ejectionCap', () => {
  it.each([
    { members: 0, percent: 50, cap: 0 },
    { members: 1, percent: 50, cap: 0 },
    { members: 1, percent: 100, cap: 0 },
    { members: 2, percent: 50, cap: 1 },
    { members: 3, percent: 50, cap: 1 },
    { members: 4, percent: 50, cap: 2 },
    { members: 7, percent: 50, cap: 3 },
    { members: 2, percent: 10, cap: 1 },
    { members: 29, percent: 10, cap: 2 },
    { members: 4, percent: 100, cap: 4 },
    { members: 4, percent: 0, cap: 0 },
  ])('$members members at $percent %: $cap', ({ members, percent, cap }) => {
    expect(ejectionCap(members, percent)).toBe(cap);
  });
});
