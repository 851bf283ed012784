import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { askFor, creditsOf, destroyAll, rentAt } from '../support/gpu-caller.js';
import { openGpuLab, type GpuLab, type LabDaemon } from '../support/gpu-lab.js';
import { Saga } from '../support/gpu-saga.js';
import {
  rentalOf,
  rentalsOf,
  rentedAtFarms,
  untilNothingIsRented,
  untilServing,
} from '../support/rental-views.js';
import { signUp, type ApiCaller } from '../support/running-daemon.js';

const FARMS = ['vast.ai', 'io.net'] as const;
type Farm = (typeof FARMS)[number];

describe('an answer to a rent that is lost', () => {
  let lab: GpuLab;
  let daemon: LabDaemon;
  let caller: ApiCaller;
  let saga: Saga;

  beforeAll(async () => {
    lab = await openGpuLab('sqlite', { GPU_API_TIMEOUT: '400ms' });
    daemon = await lab.start();
    saga = new Saga(daemon);
  });
  beforeEach(async () => {
    caller = await signUp(daemon.url);
  });
  afterEach(async () => {
    lab.sandbox.vastAi.control.clearFaults();
    lab.sandbox.ioNet.control.clearFaults();
    await destroyAll(caller);
    await untilNothingIsRented(lab.sandbox);
  });
  afterAll(() => lab.close());

  type Loss = 'cut_before' | 'cut_after' | 'html_504_after' | 'never_answers';
  const loseRent = (farm: Farm, how: Loss): void => {
    if (farm === 'vast.ai') lab.sandbox.vastAi.control.inject('rent', how);
    else lab.sandbox.ioNet.control.inject('deploy', how);
  };
  const failLists = (farm: Farm): void => {
    const rule = { times: 1000 };
    if (farm === 'vast.ai') lab.sandbox.vastAi.control.inject('list', 'server_error', rule);
    else lab.sandbox.ioNet.control.inject('list', 'server_error', rule);
  };
  it.each(FARMS.flatMap((farm) => [[farm, 'cut_after'] as const, [farm, 'html_504_after'] as const]))(
    'is found at %s after %s by the label, as the only contract',
    async (farm, how) => {
      loseRent(farm, how);
      const { id, contractId } = await rentAt(caller, farm);
      const [booked, ...others] = rentedAtFarms(lab.sandbox);
      expect(others).toEqual([]);
      expect(booked).toMatchObject({ id: contractId, label: saga.labelFor(id) });
      await untilServing(caller, 1);
    },
  );

  it.each([
    ['vast.ai', 'cut_before'],
    ['io.net', 'never_answers'],
  ] as const)('closes the rental when %s has no contract (%s)', async (farm, how) => {
    loseRent(farm, how);
    const { status, body } = await askFor(caller, farm);
    expect(status).toBe(502);
    expect(body).toMatchObject({ code: 'rent_outcome_unknown' });
    expect(rentedAtFarms(lab.sandbox)).toEqual([]);
    expect(await rentalsOf(caller)).toMatchObject([{ state: 'failed', reason: 'rent_outcome_unknown' }]);
    expect(await creditsOf(caller)).toMatchObject({ credits_held: 0, credits_used: 0 });
  });

  it.each(FARMS)(
    'of %s while its lists fail: the contract is destroyed as soon as it shows',
    async (farm) => {
      loseRent(farm, 'cut_after');
      failLists(farm);
      const { status } = await askFor(caller, farm);
      expect(status).toBe(502);
      const [{ id }] = await rentalsOf(caller);
      const [booked, ...others] = rentedAtFarms(lab.sandbox);
      expect(others).toEqual([]);
      expect(booked.label).toBe(saga.labelFor(id));
      expect((await creditsOf(caller)).credits_held).toBe(0);
      lab.sandbox.vastAi.control.clearFaults();
      lab.sandbox.ioNet.control.clearFaults();
      await untilNothingIsRented(lab.sandbox);
      expect(await rentalOf(caller, id)).toMatchObject({ state: 'failed', contract_id: booked.id, cost: 0 });
    },
  );
});
