import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SessionListView } from '../../src/credits/session.view.js';
import { CreditEntry } from '../../src/credits/ledger/entry.entity.js';
import { LedgerVerifier } from '../../src/credits/ledger/ledger-verifier.js';
import { Economics } from '../../src/credits/economics/economics.service.js';
import { RentalMeter } from '../../src/credits/metering/rental-meter.entity.js';
import { FarmBill } from '../../src/gpu/bills/farm-bill.entity.js';
import { Rental } from '../../src/gpu/rentals/rental.entity.js';
import { ApiKey } from '../../src/auth/api-keys/api-key.entity.js';
import { newId } from '../../src/common/id.js';
import type { BookedContract } from '../../src/sandbox/books.js';
import { creditsOf, rentAt, type Rented } from '../support/gpu-caller.js';
import { openGpuLab, type GpuLab, type LabDaemon } from '../support/gpu-lab.js';
import { Saga } from '../support/gpu-saga.js';
import { untilNothingIsRented, untilServing, untilState } from '../support/rental-views.js';
import { eventually, signUp, type ApiCaller } from '../support/running-daemon.js';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const MARKUP = 1.25;
const TICK = 1000;

describe.each(['sqlite', 'postgres'] as const)('money to the micro-credit, on %s', (kind) => {
  let lab: GpuLab;
  let daemon: LabDaemon;

  beforeAll(async () => {
    lab = await openGpuLab(kind, {
      PRICE_MARKUP_PERCENT: '25',
      SIGNUP_CREDITS: '5',
      BILLING_TICK: `${TICK}ms`,
      BILLING_RUNWAY: '1m',
    });
    daemon = await lab.start();
  });
  afterAll(() => lab.close());

  /** Our calendar and the farms'. */
  const pass = (ms: number): void => {
    lab.clock.skip(ms);
    lab.sandbox.clock.skip(ms);
  };
  const sumOf = async (account: string): Promise<number> => {
    const entries = await daemon.manager.findBy(CreditEntry, { account });
    return entries.reduce((sum, { amountMicro }) => sum + amountMicro, 0);
  };
  const contracts = (): BookedContract[] => {
    const { vastAi, ioNet } = lab.sandbox;
    return [...vastAi.control.books().ended, ...ioNet.control.books().ended];
  };
  const billedBy = (farm: 'vastAi' | 'ioNet'): number => lab.sandbox[farm].control.books().totalBilledMicro;
  const use = async (caller: ApiCaller): Promise<void> => {
    for (let count = 0; count < 5; count += 1) await caller.get('/api/v1/gpu/pools/default/proxy/v1/models');
  };
  const end = async (caller: ApiCaller, farm: string, { id }: Rented): Promise<void> => {
    await caller.delete(`/api/v1/gpu/instances/${farm}/${id}`);
    await untilState(caller, id, 'destroyed');
  };
  /** What the customer owes by the contract of prices. */
  const owed = async ({ id }: Rented): Promise<number> => {
    const row = await daemon.manager.findOneByOrFail(Rental, { id });
    const seconds = Math.ceil(((row.endedAt ?? 0) - (row.runningAt ?? 0)) / 1000);
    const paid = Math.max(seconds, row.minimumHours * 3600);
    return Number((BigInt(paid) * BigInt(row.priceMicro) + 3599n) / 3600n);
  };
  const meterOf = ({ id }: Rented): Promise<RentalMeter> =>
    daemon.manager.findOneByOrFail(RentalMeter, { rentalId: id });
  const untilBilled = async (): Promise<void> => {
    await untilNothingIsRented(lab.sandbox);
    await eventually(async () => {
      const bills = await daemon.manager.find(FarmBill, {});
      const told = bills.filter(({ amountMicro }) => amountMicro !== null).length;
      return told === contracts().filter(({ billedMicro }) => billedMicro > 0).length;
    }, 30_000);
  };

  it('a rental that runs out of credit is destroyed in time, and a customer pays for what ran', async () => {
    const caller = await signUp(daemon.url);
    const rented = await rentAt(caller, 'vast.ai');
    await untilServing(caller, 1);
    await use(caller);
    const [{ funds, price }, startedAt] = [{ funds: 5, price: rented.price }, lab.clock.now()];
    pass(HOUR * (funds / price) - 30_000);
    await eventually(async () => (await creditsOf(caller)).credits_remaining === 0);
    await untilState(caller, rented.id, 'running');
    pass(60_000);
    await untilState(caller, rented.id, 'expired');
    await untilNothingIsRented(lab.sandbox);
    const row = await daemon.manager.findOneByOrFail(Rental, { id: rented.id });
    const [contract] = contracts().filter(({ id }) => id === rented.contractId);
    const meter = await meterOf(rented);
    expect(meter.chargedMicro).toBe(Math.min(await owed(rented), 5_000_000));
    // What runs on after the last credit: the minute that was skipped, a tick, and the time to stop.
    const unpaidMicro = (await owed(rented)) - meter.chargedMicro;
    const stopMs = (contract.endedAt ?? Infinity) - (row.endedAt ?? 0);
    expect(stopMs).toBeLessThan(10 * TICK);
    expect(unpaidMicro).toBeLessThanOrEqual((row.priceMicro * (60_000 + 10 * TICK)) / HOUR);
    expect(lab.clock.now() - startedAt).toBeGreaterThan(HOUR);
    expect(await creditsOf(caller)).toMatchObject({ credits_held: 0, credits_overage: 0 });
    await untilBilled();
  });

  it('what a farm has cost is what the farm says, the difference is margin', async () => {
    const caller = await signUp(daemon.url);
    const vast = await rentAt(caller, 'vast.ai');
    await untilServing(caller, 1);
    await use(caller);
    const ioNet = await rentAt(caller, 'io.net', { duration_hours: 3 });
    await untilServing(caller, 2);
    await use(caller);
    pass(20 * MINUTE);
    await end(caller, 'io.net', ioNet);
    pass(7 * MINUTE + 123);
    await end(caller, 'vast.ai', vast);
    await untilBilled();
    expect([await sumOf('cogs:vast.ai'), await sumOf('cogs:io.net')]).toEqual([
      -billedBy('vastAi'),
      -billedBy('ioNet'),
    ]);
    for (const rented of [vast, ioNet]) {
      const meter = await meterOf(rented);
      expect(meter.chargedMicro).toBe(await owed(rented));
      const [contract] = contracts().filter(({ id }) => id === rented.contractId);
      expect(meter.costMicro).toBe(contract.billedMicro);
      expect(meter.pricePerHourMicro).toBeGreaterThanOrEqual(meter.providerPricePerHourMicro * MARKUP - 2);
    }
    expect((await meterOf(ioNet)).chargedMicro).toBe((await meterOf(ioNet)).pricePerHourMicro);
    const booked = await daemon.app.get(Economics).booked({ from: 0, to: lab.clock.now() + HOUR });
    expect(booked.gpuRevenueMicro).toBe(await sumOf('revenue:gpu'));
    expect(booked.gpuCostMicro).toBe(billedBy('vastAi') + billedBy('ioNet'));
    expect(await daemon.app.get(LedgerVerifier).verify()).toMatchObject({ isIntact: true });
  });

  it('a boot that fails costs the customer nothing, and us what the farm takes', async () => {
    const caller = await signUp(daemon.url);
    lab.sandbox.clock.hold();
    const rented = await rentAt(caller, 'vast.ai');
    pass(MINUTE);
    await end(caller, 'vast.ai', rented);
    lab.sandbox.clock.release();
    await untilBilled();
    expect(await meterOf(rented)).toMatchObject({ chargedMicro: 0 });
    expect((await meterOf(rented)).costMicro).toBeGreaterThan(0);
    expect(await sumOf('cogs:vast.ai')).toBe(-billedBy('vastAi'));
  });

  it('contracts that nobody claims are in the books as well', async () => {
    const saga = new Saga(daemon);
    await saga.contract('vast.ai', saga.labelFor(newId()));
    await eventually(async () =>
      (await daemon.manager.findBy(FarmBill, {})).some((bill) => bill.rentalId === null),
    );
    await untilBilled();
    expect(await sumOf('cogs:vast.ai')).toBe(-billedBy('vastAi'));
  });

  it('the session row names the key and the address that rented', async () => {
    const caller = await signUp(daemon.url);
    const alone = await rentAt(caller, 'vast.ai');
    const body = { count: 1, filters: { provider: 'vast.ai' } };
    const { body: gang } = await caller.post<{ reserved: { rental_id: string }[] }>(
      '/api/v1/gpu/instances/reserve',
      body,
    );
    await untilServing(caller, 2);
    for (const id of [alone.id, gang.reserved[0].rental_id])
      await caller.delete(`/api/v1/gpu/instances/vast.ai/${id}`);
    const sessions = await eventually(async () => {
      const { body: list } = await caller.get<SessionListView>('/api/v1/credits/sessions');
      return list.sessions.length === 2 && list.sessions;
    });
    const { userId } = await daemon.manager.findOneByOrFail(Rental, { id: alone.id });
    const { id: keyId } = await daemon.manager.findOneByOrFail(ApiKey, { userId });
    for (const session of sessions)
      expect(session).toMatchObject({ kind: 'rental', client_id: keyId, ip: '127.0.0.1' });
    await untilBilled();
  });
});
