import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  deployIoNet,
  eventually,
  ioNetCaller,
  ioNetStatus,
  ioNetUrl,
  ioNetWorkers,
  readFixture,
  type FarmReply,
} from '../../../test/support/sandbox-client.js';
import { expectSameShape } from '../../../test/support/shapes.js';
import { startSandbox, type Sandbox } from '../sandbox.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ timeScale: 4000 });
});
afterAll(() => sandbox.close());

const call = <T = Record<string, unknown>>(
  method: string,
  path: string,
  body?: unknown,
): Promise<FarmReply<T>> => ioNetCaller(sandbox)<T>(method, path, { body });
const show = async (id: string): Promise<Record<string, unknown>> =>
  (await call<{ data: Record<string, unknown> }>('GET', `/deployment/${id}`)).body.data;
const inState = (id: string, status: string): Promise<true> =>
  eventually(async () => ((await ioNetStatus(sandbox, id)) === status ? true : undefined));
const booked = (id: string) => {
  const { active, ended } = sandbox.ioNet.control.books();
  return [...active, ...ended].find((row) => row.id === id);
};
const HOUR = 3_600_000;

describe('the end', () => {
  test('DELETE is acknowledged first and done later; the machine is dead, twice is the same', async () => {
    const id = await deployIoNet(sandbox);
    const url = await ioNetUrl(sandbox, id);
    const reply = await call('DELETE', `/deployment/${id}`);
    expect(reply.body).toEqual({
      ...(readFixture('ionet/delete.response.json') as object),
      deployment_id: id,
    });
    expect((await call('DELETE', `/deployment/${id}`)).status).toBe(200);
    await inState(id, 'destroyed');
    expectSameShape({ data: await show(id) }, readFixture('ionet/deployment.destroyed.response.json'));
    await expect(fetch(url)).rejects.toThrow();
    expect(await ioNetWorkers(sandbox, id)).toEqual([]);
    expect(booked(id)).toMatchObject({ state: 'destroyed' });
  });

  test('the hours are over: completed, the worker gone, nothing refunded', async () => {
    const id = await deployIoNet(sandbox, { duration_hours: 3 });
    const url = await ioNetUrl(sandbox, id);
    sandbox.clock.skip(3 * HOUR);
    await inState(id, 'completed');
    const shown = await show(id);
    expect(shown).toMatchObject({
      completed_percent: 100,
      compute_minutes_served: 180,
      compute_minutes_remaining: 0,
    });
    expectSameShape({ data: shown }, readFixture('ionet/deployment.completed.response.json'));
    await expect(fetch(url)).rejects.toThrow();
    expect(booked(id)?.billedMicro).toBe(Number(shown.amount_paid) * 1_000_000);
  });

  test('a calendar that runs faster ends terms by itself', async () => {
    const fast = await startSandbox({ timeScale: 4000, calendarScale: 36_000 });
    const id = await deployIoNet(fast, { duration_hours: 1 });
    const end = await eventually(() => fast.ioNet.control.books().ended[0]);
    expect(end).toMatchObject({ id, state: 'completed' });
    await fast.close();
  });

  test.each([
    ['the first hour is never refunded', 0.25, 1],
    ['after it the rest is', 2.5, 2.5],
  ])('%s', async (_, servedHours, billedHours) => {
    const id = await deployIoNet(sandbox, { duration_hours: 10 });
    await ioNetUrl(sandbox, id);
    const paid = booked(id)?.billedMicro ?? NaN;
    sandbox.clock.skip(servedHours * HOUR);
    const credit = sandbox.ioNet.control.books().creditMicro;
    await call('DELETE', `/deployment/${id}`);
    await inState(id, 'destroyed');
    const billed = booked(id)?.billedMicro ?? NaN;
    expect(billed / paid).toBeCloseTo(billedHours / 10, 3);
    expect(sandbox.ioNet.control.books().creditMicro - credit).toBe(paid - billed);
  });

  test('one that never ran is refunded whole', async () => {
    sandbox.ioNet.control.inject('boot', 'stuck_requested');
    const id = await deployIoNet(sandbox);
    await call('DELETE', `/deployment/${id}`);
    await inState(id, 'destroyed');
    expect(booked(id)?.billedMicro).toBe(0);
  });
});
