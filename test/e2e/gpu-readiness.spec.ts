import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RentalView } from '../../src/gpu/rentals/rental.view.js';
import { creditsOf, rentAt } from '../support/gpu-caller.js';
import { openGpuLab, type GpuLab, type LabDaemon } from '../support/gpu-lab.js';
import { rentalOf, untilNothingIsRented, untilState } from '../support/rental-views.js';
import { eventually, signUp, type ApiCaller } from '../support/running-daemon.js';

const PROXY = '/api/v1/gpu/pools/default/proxy';

describe('a rental comes up in stages', () => {
  let lab: GpuLab;
  let daemon: LabDaemon;
  let caller: ApiCaller;

  beforeAll(async () => {
    lab = await openGpuLab('sqlite', { GPU_BOOT_TIMEOUT: '1500ms', SERVICE_BOOT_TIMEOUT: '1s' });
    daemon = await lab.start();
  });
  beforeEach(async () => {
    caller = await signUp(daemon.url);
  });
  afterEach(() => {
    lab.sandbox.vastAi.control.clearFaults();
    lab.sandbox.ioNet.control.clearFaults();
  });
  afterAll(() => lab.close());

  const untilServing = (id: string, serving = true): Promise<RentalView> =>
    eventually(async () => {
      const rental = await rentalOf(caller, id);
      return rental.serving === serving && rental;
    });

  const end = (id: string): Promise<unknown> => caller.delete(`/api/v1/gpu/instances/vast.ai/${id}`);

  /** Nothing charged, no credit held, nothing left at the farm. */
  const expectNoTrace = async (rental: RentalView): Promise<void> => {
    expect(rental).toMatchObject({ cost: 0, serving: false, url: null });
    await untilNothingIsRented(lab.sandbox);
    expect(await creditsOf(caller)).toMatchObject({ credits_held: 0, credits_used: 0 });
  };

  it('waits for the farm, then runs, then serves, and is routed only then', async () => {
    lab.sandbox.clock.hold();
    const { id } = await rentAt(caller, 'vast.ai');
    expect(await rentalOf(caller, id)).toMatchObject({ state: 'provisioning', serving: false, url: null });
    expect((await caller.get(`${PROXY}/v1/models`)).status).toBe(503);
    lab.sandbox.clock.release();
    const running = await untilState(caller, id, 'running');
    expect(running.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    await untilServing(id);
    expect((await caller.get(`${PROXY}/v1/models`)).status).toBe(200);
    await end(id);
  });

  it.each([
    ['stuck_loading', 'boot_timeout'],
    ['no_ports', 'boot_timeout'],
    ['oci_error', 'oci runtime error'],
    ['image_pull_error', 'image cannot be pulled'],
    ['registry_auth_error', 'image cannot be pulled'],
    ['exits_at_start', 'container exited'],
  ] as const)('fails and gives everything back when vast.ai shows %s', async (fate, reason) => {
    lab.sandbox.vastAi.control.inject('boot', fate);
    const { id } = await rentAt(caller, 'vast.ai');
    if (fate === 'no_ports') await untilState(caller, id, 'starting');
    const rental = await untilState(caller, id, 'failed');
    expect(rental.reason).toBe(reason);
    await expectNoTrace(rental);
  });

  it.each([
    ['never_public_url', 'boot_timeout'],
    ['stuck_requested', 'boot_timeout'],
  ] as const)('fails and gives everything back when io.net shows %s', async (fate, reason) => {
    lab.sandbox.ioNet.control.inject('boot', fate);
    const { id } = await rentAt(caller, 'io.net');
    const rental = await untilState(caller, id, 'failed');
    expect(rental.reason).toBe(reason);
    await expectNoTrace(rental);
  });

  it('fails when io.net gives up on it and lists it no more', async () => {
    lab.sandbox.ioNet.control.inject('boot', 'container_failed');
    const { id } = await rentAt(caller, 'io.net');
    await untilNothingIsRented(lab.sandbox);
    lab.clock.skip(31_000);
    const rental = await untilState(caller, id, 'failed');
    expect(rental.reason).toBe('deployment failed');
    await expectNoTrace(rental);
  });

  it('fails when the named health path does not answer in time', async () => {
    const { id } = await rentAt(caller, 'vast.ai', { health: { path: '/no-such-path' } });
    await untilState(caller, id, 'running');
    const rental = await untilState(caller, id, 'failed');
    expect(rental).toMatchObject({ reason: 'service_timeout', serving: false });
    await untilNothingIsRented(lab.sandbox);
    expect((await creditsOf(caller)).credits_held).toBe(0);
  });

  it('serves through the named port and path', async () => {
    const { id, contractId } = await rentAt(caller, 'vast.ai', {
      ports: [8000, 9000],
      health: { path: '/v2/health/ready', port: 9000 },
    });
    expect((await untilServing(id)).url).toBe(lab.sandbox.vastAi.control.machine(Number(contractId))?.origin);
    expect(lab.sandbox.vastAi.control.machine(Number(contractId), 9000)?.stats.requests).toBeGreaterThan(0);
    await end(id);
  });

  it('runs and never serves without ports', async () => {
    const { id } = await rentAt(caller, 'vast.ai', { ports: [] });
    expect(await untilState(caller, id, 'running')).toMatchObject({ serving: false, url: null });
    await end(id);
  });

  it.each([
    ['answers 500 to everything', { isFailing: true }, { isFailing: false }],
    ['says itself that it is not ready', { isUnhealthy: true }, { isUnhealthy: false }],
  ])('is taken out while its service %s, and comes back', async (_, ill, well) => {
    const { id, contractId } = await rentAt(caller, 'vast.ai');
    await untilServing(id);
    const machine = lab.sandbox.vastAi.control.machine(Number(contractId));
    Object.assign(machine?.knobs ?? {}, ill);
    await untilServing(id, false);
    const answer = await caller.get<{ code: string }>(`${PROXY}/v1/models`);
    expect(answer).toMatchObject({ status: 503, body: { code: 'no_healthy_instance' } });
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await rentalOf(caller, id)).toMatchObject({ state: 'running' });
    Object.assign(machine?.knobs ?? {}, well);
    await untilServing(id);
    expect((await caller.get(`${PROXY}/v1/models`)).status).toBe(200);
    await end(id);
  });
});
