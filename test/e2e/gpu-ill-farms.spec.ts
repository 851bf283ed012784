import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DestroyedRentalView, RentalView } from '../../src/gpu/rentals/rental.view.js';
import type { VastFaults } from '../../src/sandbox/vast-ai/vast-faults.js';
import { creditsOf, destroyAll, rentAt } from '../support/gpu-caller.js';
import { openGpuLab, type GpuLab, type LabDaemon } from '../support/gpu-lab.js';
import {
  rentalOf,
  rentalsOf,
  rentedAtFarms,
  untilNothingIsRented,
  untilServing,
  untilState,
} from '../support/rental-views.js';
import { eventually, signUp, type ApiCaller } from '../support/running-daemon.js';

const FOR_EVER = { times: 100_000 };

describe('a farm that is ill', () => {
  let lab: GpuLab;
  let daemon: LabDaemon;
  let caller: ApiCaller;

  beforeAll(async () => {
    lab = await openGpuLab('sqlite', { GPU_API_TIMEOUT: '1500ms' });
    daemon = await lab.start();
  });
  beforeEach(async () => {
    caller = await signUp(daemon.url);
  });
  afterEach(async () => {
    lab.sandbox.vastAi.control.clearFaults();
    lab.sandbox.ioNet.control.clearFaults();
    lab.sandbox.clock.release();
    await destroyAll(caller);
    await untilNothingIsRented(lab.sandbox);
  });
  afterAll(() => lab.close());

  const calls = (call: string): number =>
    lab.sandbox.vastAi.control.calls().filter((made) => made.call === call).length;

  const statesOf = (rentals: readonly RentalView[]): Record<string, string> =>
    Object.fromEntries(rentals.map(({ id, state }) => [id, state]));

  const destroy = (provider: string, id: string): Promise<{ status: number; body: DestroyedRentalView }> =>
    caller.delete<DestroyedRentalView>(`/api/v1/gpu/instances/${provider}/${id}`);

  it.each(['server_error', 'gone_410', 'html_502', 'rate_limited', 'cut_before'] as const)(
    'answers its list with %s: no rental changes, and traffic goes on',
    async (fault: VastFaults['list']) => {
      await rentAt(caller, 'vast.ai');
      await untilServing(caller, 1);
      lab.sandbox.clock.hold();
      await rentAt(caller, 'vast.ai');
      const before = statesOf(await rentalsOf(caller));
      lab.sandbox.vastAi.control.inject('list', fault, FOR_EVER);
      const asked = calls('list');
      await eventually(async () => calls('list') >= asked + 8);
      expect(statesOf(await rentalsOf(caller))).toEqual(before);
      expect((await caller.get('/api/v1/gpu/pools/default/proxy/v1/models')).status).toBe(200);
      expect(rentedAtFarms(lab.sandbox)).toHaveLength(2);
    },
  );

  it('does not answer its list: the other farm, time limits and credit are looked after all the same', async () => {
    const vast = await rentAt(caller, 'vast.ai', {}, { 'x-timelimit': '30m' });
    await untilServing(caller, 1);
    lab.sandbox.vastAi.control.inject('list', 'never_answers', FOR_EVER);
    const asked = calls('list');
    await eventually(async () => calls('list') > asked);
    const startedAt = Date.now();
    const { id } = await rentAt(caller, 'io.net');
    await eventually(async () => (await rentalOf(caller, id)).serving);
    expect(Date.now() - startedAt).toBeLessThan(3000);
    lab.clock.skip(1_800_000);
    expect((await untilState(caller, vast.id, 'expired')).reason).toBe('time_limit');
    expect(Date.now() - startedAt).toBeLessThan(4400);
  });

  it.each([
    ['html_502', 7],
    ['server_error', 4],
    ['rate_limited', 4],
    ['cut_before', 7],
    ['cut_after', 2],
    ['never_answers', 2],
  ] as const)(
    'answers a destroy with %s %i times: it is repeated until the contract is gone',
    async (fault, times) => {
      const { id } = await rentAt(caller, 'vast.ai');
      await untilState(caller, id, 'running');
      lab.sandbox.vastAi.control.inject('destroy', fault, { times });
      const startedAt = Date.now();
      const { status, body } = await destroy('vast.ai', id);
      expect(status).toBe(200);
      expect(['stopping', 'destroyed']).toContain(body.state);
      expect(Date.now() - startedAt).toBeLessThan(5000);
      expect((await creditsOf(caller)).credits_held).toBe(0);
      await untilNothingIsRented(lab.sandbox);
      expect((await untilState(caller, id, 'destroyed')).reason).toBe('destroyed_by_owner');
    },
  );

  it('does not end anything: DELETE answers soon, again and again, and asks the farm once at a time', async () => {
    const { id } = await rentAt(caller, 'io.net');
    await untilState(caller, id, 'running');
    lab.sandbox.ioNet.control.inject('destroy', 'server_error', FOR_EVER);
    const answers = await Promise.all([1, 2, 3, 4].map(() => destroy('io.net', id)));
    expect(answers).toMatchObject([1, 2, 3, 4].map(() => ({ status: 200, body: { state: 'stopping' } })));
    expect(await destroy('io.net', id)).toMatchObject({ status: 200, body: { state: 'stopping' } });
    expect((await caller.get('/api/v1/gpu/pools/default/proxy/')).status).toBe(503);
    lab.sandbox.ioNet.control.clearFaults();
    await untilState(caller, id, 'destroyed');
  });

  it('has slow destroys: they wait in its queue, and nothing waits for them', async () => {
    const doomed = [await rentAt(caller, 'vast.ai'), await rentAt(caller, 'vast.ai')];
    await untilServing(caller, 2);
    const staying = await rentAt(caller, 'vast.ai');
    await untilServing(caller, 3);
    lab.sandbox.vastAi.control.inject('destroy', 'never_answers', { times: 4 });
    for (const { contractId } of doomed) lab.sandbox.vastAi.control.exit(Number(contractId));
    for (const { id } of doomed) await untilState(caller, id, 'lost');
    const startedAt = Date.now();
    lab.sandbox.vastAi.control.outbid(Number(staying.contractId));
    await untilState(caller, staying.id, 'lost');
    expect(Date.now() - startedAt).toBeLessThan(3000);
  });
});
