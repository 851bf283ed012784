import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/common/id.js';
import { IdempotencyKey } from '../../src/database/idempotency-key.entity.js';
import { inputHash } from '../../src/database/input-hash.js';
import type { CreatedRentalView } from '../../src/gpu/rentals/rental.view.js';
import type { BatchView, ReservationView } from '../../src/gpu/reservations/reservation.view.js';
import { requireBuild, startDaemonProcess } from '../support/built-programs.js';
import { at, creditsOf, destroyAll, offersOf } from '../support/gpu-caller.js';
import { openGpuLab, type GpuLab, type LabDaemon } from '../support/gpu-lab.js';
import { Saga } from '../support/gpu-saga.js';
import { rentalsOf, rentedAtFarms, untilNothingIsRented } from '../support/rental-views.js';
import { eventually, signUp, type ApiCaller, type Reply } from '../support/running-daemon.js';
import { createTempFolder } from '../support/temp-folder.js';

const INSTANCES = '/api/v1/gpu/instances';
const DEAD_AFTER_MS = 121_000;
const RENT_WINDOW_MS = 400_000;
const GIVEN_UP_AFTER_MS = 800_000;

/** Repeats until it is decided what became of the first attempt. */
async function repeated<T>(send: () => Promise<Reply<T>>): Promise<Reply<T>> {
  return eventually(async () => {
    const reply = await send();
    return (reply.body as { code?: string }).code !== 'idempotency_in_progress' && reply;
  }, 40_000);
}

describe('a request with an Idempotency-Key whose process died', () => {
  let lab: GpuLab;
  let heir: LabDaemon;
  let caller: ApiCaller;

  beforeAll(async () => {
    requireBuild();
    lab = await openGpuLab('sqlite', { GPU_API_TIMEOUT: '60s' });
  });
  afterEach(async () => {
    lab.sandbox.vastAi.control.clearFaults();
    lab.sandbox.ioNet.control.clearFaults();
    await destroyAll(caller);
    await untilNothingIsRented(lab.sandbox);
  });
  afterAll(() => lab.close());

  it('finds what it has rented when it is repeated, and rents nothing twice', async () => {
    const folder = await createTempFolder('repeats');
    const killed = await startDaemonProcess(folder.path, ['-dv'], { ...lab.env });
    const first = await signUp(killed.url);
    const offer = (await offersOf(first, 'provider=vast.ai&limit=20'))[19];
    const post = <T>(who: ApiCaller, path: string, key: string, body: object): Promise<Reply<T>> =>
      who.post<T>(`${INSTANCES}/${path}`, body, { 'idempotency-key': key });
    const create = (who: ApiCaller) =>
      post<CreatedRentalView>(who, `vast.ai/${offer.id}`, 'create', { pool: 'one' });
    const reserve = (who: ApiCaller) =>
      post<ReservationView>(who, 'reserve', 'reserve', { count: 2, filters: { provider: 'io.net' } });
    const batch = (who: ApiCaller) => post<BatchView>(who, 'batch', 'batch', { vastai_count: 2 });

    const { vastAi, ioNet } = lab.sandbox;
    vastAi.control.inject('rent', 'slow', { times: 3, delayMs: 3000 });
    ioNet.control.inject('deploy', 'slow', { times: 2, delayMs: 3000 });
    const cut = [create(first), reserve(first), batch(first)].map((asked) => asked.catch(() => 'cut'));
    await eventually(async () => vastAi.control.faultsLeft() + ioNet.control.faultsLeft() === 0);
    killed.child.kill('SIGKILL');
    expect(await Promise.all(cut)).toEqual(['cut', 'cut', 'cut']);
    await eventually(async () => rentedAtFarms(lab.sandbox).length === 5);
    const contracts = rentedAtFarms(lab.sandbox).map(({ id }) => id);

    heir = await lab.start();
    caller = at(first, heir.url);
    expect((await create(caller)).body).toMatchObject({ code: 'idempotency_in_progress' });
    lab.clock.skip(DEAD_AFTER_MS);
    const [created, batched] = [await repeated(() => create(caller)), await repeated(() => batch(caller))];
    expect([created.status, batched.status]).toEqual([201, 201]);
    expect(contracts).toContain(created.body.contract_id);
    expect(batched.body.vastai_instances.map(({ contract_id }) => contract_id)).toSatisfy(
      (ids: string[]) => ids.length === 2 && ids.every((id) => contracts.includes(id)),
    );
    expect((await reserve(caller)).body).toMatchObject({ code: 'idempotency_in_progress' });
    expect((await create(caller)).headers.get('idempotent-replayed')).toBe('true');
    const pools = (await rentalsOf(caller)).find(({ id }) => id === created.body.rental_id)?.pools;
    expect(pools).toEqual(['one']);
    expect(rentedAtFarms(lab.sandbox).map(({ id }) => id)).toEqual(contracts);

    lab.clock.skip(GIVEN_UP_AFTER_MS);
    expect((await repeated(() => reserve(caller))).body).toMatchObject({ code: 'reservation_failed' });
    await eventually(async () => rentedAtFarms(lab.sandbox).length === 3);
    expect((await reserve(caller)).status).toBe(201);
    expect(rentedAtFarms(lab.sandbox)).toHaveLength(5);
    await folder.remove();
  });

  it('before it asked the farm rents once, after the first attempt has been closed', async () => {
    const saga = new Saga(heir);
    caller = await signUp(heir.url);
    const [offer] = await offersOf(caller, 'provider=vast.ai');
    const at = { provider: 'vast.ai', offerId: String(offer.id) };
    const now = lab.clock.now();
    const row: IdempotencyKey = {
      id: newId(),
      userId: await saga.userOf(caller),
      key: 'died',
      inputHash: inputHash({ operation: 'instances.create', input: { at, body: {} } }),
      state: 'running',
      attemptId: newId(),
      leaseUntil: now,
      outcome: null,
      createdAt: now,
    };
    await heir.manager.insert(IdempotencyKey, row as never);
    const left = await saga.open(caller, 'vast.ai', row.id);
    const create = (): Promise<Reply<CreatedRentalView>> =>
      caller.post(`${INSTANCES}/vast.ai/${offer.id}`, {}, { 'idempotency-key': 'died' });
    expect((await create()).body).toMatchObject({ code: 'idempotency_in_progress' });
    lab.clock.skip(RENT_WINDOW_MS);
    expect(await repeated(create)).toMatchObject({ status: 409, body: { code: 'rent_interrupted' } });
    expect((await creditsOf(caller)).credits_held).toBe(0);
    const { status, body } = await create();
    expect(status).toBe(201);
    expect(body.rental_id).not.toBe(left.id);
    expect(rentedAtFarms(lab.sandbox)).toHaveLength(1);
  });
});
