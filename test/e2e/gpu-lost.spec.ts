import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EventBus } from '../../src/common/event-bus.js';
import { RENTAL_UPDATED, type RentalUpdated } from '../../src/gpu/rentals/rental.events.js';
import type { RentalView } from '../../src/gpu/rentals/rental.view.js';
import { creditsOf, destroyAll, rentAt, type Rented } from '../support/gpu-caller.js';
import { openGpuLab, type GpuLab, type LabDaemon } from '../support/gpu-lab.js';
import { rentalOf, untilNothingIsRented, untilServing, untilState } from '../support/rental-views.js';
import { eventually, signUp, type ApiCaller } from '../support/running-daemon.js';

const PROXY = '/api/v1/gpu/pools/default/proxy/v1/models';

describe('a rental that the farm takes away', () => {
  let lab: GpuLab;
  let daemon: LabDaemon;
  let caller: ApiCaller;
  let rented: Rented;
  let vastId: number;

  beforeAll(async () => {
    // Probes are so rare that only the farm's word can fence an instance in time.
    lab = await openGpuLab('sqlite', { LB_HEALTH_INTERVAL: '5s' });
    daemon = await lab.start();
  });
  beforeEach(async () => {
    caller = await signUp(daemon.url);
  });
  afterEach(() => destroyAll(caller));
  afterAll(() => lab.close());

  const rentVast = async (body: object = {}): Promise<void> => {
    rented = await rentAt(caller, 'vast.ai', body);
    vastId = Number(rented.contractId);
    await untilServing(caller, 1);
  };

  const rentIoNet = async (): Promise<void> => {
    rented = await rentAt(caller, 'io.net');
    await untilServing(caller, 1);
  };

  const secondsBetween = (from: string | null, to: string | null): number =>
    (Date.parse(to ?? '') - Date.parse(from ?? '')) / 1000;

  /** Ended with nothing held, nothing rented, nothing routed, and charged for the time that it ran. */
  const expectEnded = async (ended: RentalView, minimumHours = 0): Promise<void> => {
    expect(ended).toMatchObject({ serving: false, url: null });
    expect((await caller.get(PROXY)).status).toBe(503);
    await untilNothingIsRented(lab.sandbox);
    await eventually(async () => (await creditsOf(caller)).credits_held === 0);
    const seconds = Math.max(secondsBetween(ended.running_at, ended.ended_at), minimumHours * 3600);
    const { cost } = await rentalOf(caller, ended.id);
    // The sum is rounded up to a whole micro-credit, once.
    expect(cost).toBeLessThanOrEqual((ended.price_per_hour / 3600) * (seconds + 1) + 0.000001);
    expect(cost).toBeGreaterThanOrEqual((ended.price_per_hour / 3600) * Math.floor(seconds) - 0.000002);
    const credits = await creditsOf(caller);
    expect(credits.credits_held).toBe(0);
    expect(credits.credits_used).toBeCloseTo(cost, 6);
  };

  it.each([
    ['exits', () => lab.sandbox.vastAi.control.exit(vastId), 'container exited'],
    ['is outbid', () => lab.sandbox.vastAi.control.outbid(vastId), 'outbid'],
    ['freezes', () => lab.sandbox.vastAi.control.freeze(vastId), 'frozen'],
  ])('is lost when it %s', async (_, harm, reason) => {
    await rentVast();
    harm();
    const lost = await untilState(caller, rented.id, 'lost');
    expect(lost.reason).toBe(reason);
    await expectEnded(lost);
  });

  it('is lost when its host stays away, as of when it went', async () => {
    await rentVast();
    lab.sandbox.vastAi.control.goOffline(vastId);
    await eventually(async () => !(await rentalOf(caller, rented.id)).serving);
    const fencedAt = Date.now();
    const lost = await untilState(caller, rented.id, 'lost');
    expect(lost.reason).toBe('host_offline');
    expect(Date.parse(lost.since) - fencedAt).toBeGreaterThan(500);
    expect(Date.parse(lost.ended_at ?? '')).toBeLessThan(fencedAt + 200);
    await expectEnded(lost);
  });

  it('is fenced at once while its host flaps, and comes back', async () => {
    await rentVast();
    const changes: boolean[] = [];
    const stop = daemon.app.get(EventBus).on(RENTAL_UPDATED, ({ data }) => {
      changes.push((data as RentalUpdated).serving);
    });
    lab.sandbox.vastAi.control.becomeUnknown(vastId);
    await eventually(async () => changes.includes(false), 4000);
    expect((await caller.get(PROXY)).status).toBe(503);
    await lab.sandbox.vastAi.control.comeBack(vastId);
    const sinceFenced = (): boolean[] => changes.slice(changes.indexOf(false));
    await eventually(async () => sinceFenced().includes(true));
    stop();
    expect(sinceFenced()).toEqual([false, true]);
    expect((await caller.get(PROXY)).status).toBe(200);
    expect((await rentalOf(caller, rented.id)).state).toBe('running');
  });

  it('gets no request any more once it is out', async () => {
    await rentVast();
    const machine = lab.sandbox.vastAi.control.machine(vastId);
    const ending = new AbortController();
    const answers: number[] = [];
    const traffic = (async () => {
      while (!ending.signal.aborted) answers.push((await caller.get(PROXY)).status);
    })();
    await eventually(async () => answers.length > 5);
    lab.sandbox.vastAi.control.outbid(vastId);
    await untilState(caller, rented.id, 'lost');
    const seen = machine?.stats.requests;
    const from = answers.length + 1;
    await eventually(async () => answers.length > from + 10);
    ending.abort();
    await traffic;
    expect(new Set(answers.slice(from))).toEqual(new Set([503]));
    expect(machine?.stats.requests).toBe(seen);
  });

  it('expires at the end of its contract, at both farms', async () => {
    await rentVast();
    lab.sandbox.vastAi.control.endContract(vastId);
    const expired = await untilState(caller, rented.id, 'expired');
    expect(expired.reason).toBe('contract_end');
    await expectEnded(expired);
  });

  it('expires when io.net completes it and lists it no more', async () => {
    await rentIoNet();
    lab.clock.skip(31_000);
    lab.sandbox.ioNet.control.endDeployment(rented.contractId);
    const expired = await untilState(caller, rented.id, 'expired');
    expect(expired.reason).toBe('contract_end');
    await expectEnded(expired, 1);
  });

  it('is lost when io.net fails it', async () => {
    await rentIoNet();
    lab.clock.skip(31_000);
    lab.sandbox.ioNet.control.failDeployment(rented.contractId);
    const lost = await untilState(caller, rented.id, 'lost');
    expect(lost.reason).toBe('deployment failed');
    await expectEnded(lost, 1);
  });

  it('tells its owner, and nobody else, of every step', async () => {
    const steps: [string | undefined, string][] = [];
    const stop = daemon.app.get(EventBus).on(RENTAL_UPDATED, ({ userId, data }) => {
      steps.push([userId, (data as RentalUpdated).state]);
    });
    await rentVast();
    lab.sandbox.vastAi.control.exit(vastId);
    await eventually(async () => steps.some(([, state]) => state === 'lost'));
    stop();
    expect(steps.map(([, state]) => state)).toEqual(['provisioning', 'running', 'running', 'lost']);
    const owners = new Set(steps.map(([userId]) => userId));
    expect(owners.size).toBe(1);
    expect(owners).not.toContain(undefined);
  });
});
