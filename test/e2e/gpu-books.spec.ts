import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { newId } from '../../src/common/id.js';
import { DirectorySync } from '../../src/gpu/pools/directory-sync.service.js';
import { Rental } from '../../src/gpu/rentals/rental.entity.js';
import { RentalTransitions } from '../../src/gpu/rentals/rental-transitions.service.js';
import type { BookedContract } from '../../src/sandbox/books.js';
import { creditsOf, destroyAll, rentAt } from '../support/gpu-caller.js';
import { openGpuLab, type GpuLab, type LabDaemon } from '../support/gpu-lab.js';
import { Saga } from '../support/gpu-saga.js';
import {
  rentalOf,
  rentedAtFarms,
  untilNothingIsRented,
  untilServing,
  untilState,
} from '../support/rental-views.js';
import { eventually, signUp, type ApiCaller } from '../support/running-daemon.js';

const FARMS = ['vast.ai', 'io.net'] as const;

describe.each(['sqlite', 'postgres'] as const)('books that do not agree, on %s', (kind) => {
  let lab: GpuLab;
  let daemon: LabDaemon;
  let caller: ApiCaller;
  let saga: Saga;

  beforeAll(async () => {
    lab = await openGpuLab(kind);
    daemon = await lab.start();
    saga = new Saga(daemon);
  });
  beforeEach(async () => {
    caller = await signUp(daemon.url);
  });
  afterEach(async () => {
    await destroyAll(caller);
    await untilNothingIsRented(lab.sandbox);
  });
  afterAll(() => lab.close());

  const untilEnded = (id: string): Promise<BookedContract> =>
    eventually(async () => {
      const { vastAi, ioNet } = lab.sandbox;
      const all = [...vastAi.control.books().ended, ...ioNet.control.books().ended];
      return all.find((contract) => contract.id === id);
    });

  describe('a process that has died', () => {
    it('before it asked the farm: the intent is closed and its money freed', async () => {
      const { id } = await saga.open(caller, 'vast.ai');
      expect((await creditsOf(caller)).credits_held).toBeGreaterThan(0);
      lab.clock.skip(400_000);
      expect((await untilState(caller, id, 'failed')).reason).toBe('rent_interrupted');
      await eventually(async () => (await creditsOf(caller)).credits_held === 0);
      lab.clock.skip(700_000);
      await eventually(async () => {
        const row = await daemon.manager.findOneByOrFail(Rental, { id });
        return row.contractGoneAt !== null;
      });
    });

    it.each(FARMS)('after %s made the contract: it is adopted and serves', async (farm) => {
      const rental = await saga.open(caller, farm);
      const contractId = await saga.contract(farm, rental.label);
      lab.clock.skip(31_000);
      const [serving] = await untilServing(caller, 1);
      expect(serving).toMatchObject({ id: rental.id, contract_id: contractId, state: 'running' });
      expect((await caller.get('/api/v1/gpu/pools/default/proxy/v1/models')).status).toBe(200);
    });

    it.each(FARMS)('after the rental was closed: what %s still has is destroyed', async (farm) => {
      const rental = await saga.open(caller, farm);
      await daemon.app.get(RentalTransitions).fail(rental, 'rent_outcome_unknown', true);
      const contractId = await saga.contract(farm, rental.label);
      await untilEnded(contractId);
      expect(await rentalOf(caller, rental.id)).toMatchObject({ state: 'failed', cost: 0 });
    });

    it('in the middle of a DELETE: the rental does not stay `stopping`', async () => {
      const { id } = await rentAt(caller, 'vast.ai');
      const row = await daemon.manager.findOneByOrFail(Rental, { id });
      await daemon.app.get(RentalTransitions).stop(row, 'destroyed_by_owner');
      expect((await untilState(caller, id, 'destroyed')).reason).toBe('destroyed_by_owner');
    });
  });

  it('a machine that is said to serve is routed to, however late its pools are read again', async () => {
    const directory = daemon.app.get(DirectorySync);
    const ownerChanged = directory.ownerChanged.bind(directory);
    vi.spyOn(directory, 'ownerChanged').mockImplementation(async (userId) => {
      await delay(500);
      await ownerChanged(userId);
    });
    await rentAt(caller, 'vast.ai');
    await untilServing(caller, 1);
    expect((await caller.get('/api/v1/gpu/pools/default/proxy/v1/models')).status).toBe(200);
    vi.restoreAllMocks();
  });

  describe('contracts with our mark that nobody claims', () => {
    it.each(FARMS)('are destroyed at %s after two sightings', async (farm) => {
      const contractId = await saga.contract(farm, saga.labelFor(newId()));
      expect(await untilEnded(contractId)).toMatchObject({ id: contractId });
    });

    it('are destroyed when they are the second one of a rental, which goes on', async () => {
      const { id, contractId } = await rentAt(caller, 'vast.ai');
      await untilServing(caller, 1);
      const second = await saga.contract('vast.ai', saga.labelFor(id));
      await untilEnded(second);
      expect(rentedAtFarms(lab.sandbox).map((contract) => contract.id)).toEqual([contractId]);
      expect(await rentalOf(caller, id)).toMatchObject({ state: 'running', serving: true });
    });

    it('are left alone when the mark is that of another installation', async () => {
      const { ioNet, vastAi } = lab.sandbox;
      const label = `gpx-00000000-${newId()}`;
      const foreign = [
        await saga.contract('vast.ai', label),
        await saga.contract('io.net', label),
        await saga.contract('vast.ai', 'made-by-hand'),
      ];
      const lists = (): number =>
        vastAi.control.calls().filter(({ call }) => call === 'list').length +
        ioNet.control.calls().filter(({ call }) => call === 'list').length;
      const before = lists();
      await eventually(async () => lists() > before + 40);
      expect(
        rentedAtFarms(lab.sandbox)
          .map((contract) => contract.id)
          .toSorted(),
      ).toEqual(foreign.toSorted());
      await Promise.all([
        saga.destroy('vast.ai', foreign[0]),
        saga.destroy('io.net', foreign[1]),
        saga.destroy('vast.ai', foreign[2]),
      ]);
    });
  });
});
