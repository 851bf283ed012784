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

describe('the way to a public address', () => {
  test('every replica is a container on its own device with its own address', async () => {
    const id = await deployIoNet(sandbox, {}, { replica_count: 2 });
    const urls = [await ioNetUrl(sandbox, id, 0), await ioNetUrl(sandbox, id, 1)];
    const workers = await ioNetWorkers(sandbox, id);
    expect(new Set(workers.map(({ device_id: device }) => device)).size).toBe(2);
    expect(new Set(urls).size).toBe(2);
    for (const url of urls) expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  test('the running deployment looks as recorded, and its row in the list', async () => {
    const id = await deployIoNet(sandbox);
    await ioNetUrl(sandbox, id);
    expectSameShape({ data: await show(id) }, readFixture('ionet/deployment.running.response.json'));
    const list = await call<{ data: { deployments: { id: string; served: string; remaining: string }[] } }>(
      'GET',
      '/deployments',
    );
    expectSameShape(list.body, readFixture('ionet/deployments.response.json'));
    expect(list.body.data.deployments[0]).toMatchObject({ id, served: '0h 0m', remaining: '2h 0m' });
  });

  test('secrets are never echoed, their names are', async () => {
    const id = await deployIoNet(sandbox, {}, { secret_env_variables: { HF_TOKEN: 'hf_secret' } });
    const text = JSON.stringify(await show(id));
    expect(text).toContain('HF_TOKEN');
    expect(text).not.toContain('hf_secret');
  });
});

describe('fates and moods', () => {
  test('the container fails, and the deployment after it; everything is refunded', async () => {
    sandbox.ioNet.control.inject('boot', 'container_failed');
    const id = await deployIoNet(sandbox);
    const worker = await eventually(async () =>
      (await ioNetWorkers(sandbox, id)).find(({ status }) => status === 'failed'),
    );
    expect(worker.container_events?.at(-1)?.message).toContain('manifest unknown');
    await inState(id, 'failed');
    expectSameShape({ data: await show(id) }, readFixture('ionet/deployment.failed.response.json'));
    expect(booked(id)?.billedMicro).toBe(0);
  });

  test('running, and never a public address', async () => {
    sandbox.ioNet.control.inject('boot', 'never_public_url', { id: 224 });
    const id = await deployIoNet(sandbox, { hardware_id: 224 });
    await inState(id, 'running');
    const other = await deployIoNet(sandbox);
    await ioNetUrl(sandbox, other);
    expect((await ioNetWorkers(sandbox, id))[0]).toMatchObject({ status: 'running', public_url: null });
  });

  test('stuck in its request', async () => {
    sandbox.ioNet.control.inject('boot', 'stuck_requested');
    const id = await deployIoNet(sandbox);
    await ioNetUrl(sandbox, await deployIoNet(sandbox));
    expect(await ioNetStatus(sandbox, id)).toBe('deployment requested');
  });

  test('events may be null', async () => {
    sandbox.ioNet.control.inject('boot', 'events_null');
    const id = await deployIoNet(sandbox);
    await ioNetUrl(sandbox, id);
    const workers = await ioNetWorkers(sandbox, id);
    expectSameShape(
      { data: { total: 1, workers } },
      readFixture('ionet/containers.running-events-null.response.json'),
    );
    expect(workers[0].container_events).toBeNull();
  });

  test('states may be written in capitals', async () => {
    const id = await deployIoNet(sandbox);
    await ioNetUrl(sandbox, id);
    sandbox.ioNet.control.shout();
    expect([await ioNetStatus(sandbox, id), (await ioNetWorkers(sandbox, id))[0].status]).toEqual([
      'RUNNING',
      'RUNNING',
    ]);
    sandbox.ioNet.control.shout(false);
  });

  test('the address is lost', async () => {
    const id = await deployIoNet(sandbox);
    await ioNetUrl(sandbox, id);
    sandbox.ioNet.control.losePublicUrl(id);
    expect((await ioNetWorkers(sandbox, id))[0].public_url).toBeNull();
  });
});

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

describe('changes', () => {
  test('extend adds hours and charges again', async () => {
    const id = await deployIoNet(sandbox, { duration_hours: 24 });
    await ioNetUrl(sandbox, id);
    const fixture = readFixture('ionet/extend.request-response.json') as {
      request: { body: object };
      response: object;
    };
    const reply = await call<{ data: Record<string, number> }>(
      'POST',
      `/deployment/${id}/extend`,
      fixture.request.body,
    );
    expectSameShape(reply.body, fixture.response);
    expect(reply.body.data.amount_paid).toBeCloseTo(14.72472, 6);
    expect(reply.body.data.compute_minutes_remaining).toBe(48 * 60);
    expect((await call('POST', `/deployment/${id}/extend`, { duration_hours: 0 })).status).toBe(422);
    sandbox.ioNet.control.inject('extend', 'no_credits');
    expect((await call('POST', `/deployment/${id}/extend`, { duration_hours: 1 })).status).toBe(402);
  });

  test('a completed deployment cannot be extended', async () => {
    const id = await deployIoNet(sandbox);
    sandbox.ioNet.control.endDeployment(id);
    expect((await call('POST', `/deployment/${id}/extend`, { duration_hours: 1 })).status).toBe(400);
  });

  test('PATCH starts the container over with the new configuration', async () => {
    const id = await deployIoNet(sandbox);
    const before = await ioNetUrl(sandbox, id);
    const fixture = readFixture('ionet/update.request-response.json') as { response: { status: string } };
    const reply = await call('PATCH', `/deployment/${id}`, {
      env_variables: { MODEL: 'other' },
      image_url: 'x/y:2',
    });
    expect(reply.body).toEqual({ status: fixture.response.status, deployment_id: id });
    const after = await eventually(async () => {
      const url = (await ioNetWorkers(sandbox, id))[0]?.public_url;
      return url && url !== before ? url : undefined;
    });
    expect(await (await fetch(`${after}/v1/models`)).text()).toContain('"id":"other"');
    expect(await show(id)).toMatchObject({ status: 'running', container_config: { image_url: 'x/y:2' } });
  });

  test.each(['container_config', 'replica_count', 'hardware_id'])(
    'PATCH of %s is forbidden',
    async (field) => {
      const id = await deployIoNet(sandbox);
      const reply = await call<{ detail: object[] }>('PATCH', `/deployment/${id}`, { [field]: {} });
      expect(reply.status).toBe(422);
      expect(reply.body.detail).toEqual([
        { type: 'extra_forbidden', loc: ['body', field], msg: 'Extra inputs are not permitted' },
      ]);
    },
  );

  test.each(['GET', 'PATCH', 'DELETE'])(
    '%s of an unknown deployment is a 404, of no UUID a 422',
    async (method) => {
      const body = method === 'PATCH' ? {} : undefined;
      const unknown = await call(method, '/deployment/b8c3f6a2-4d1e-4f7a-9a55-0c6de1a7f301', body);
      expect([unknown.status, unknown.body]).toEqual([404, { detail: 'Deployment not found' }]);
      expect((await call(method, '/deployment/12', body)).status).toBe(422);
    },
  );
});

describe('lists and logs', () => {
  test('pages start at 0, hold 10, and filter by state whatever its case', async () => {
    const farm = await startSandbox({ timeScale: 60, machines: 'none' });
    const list = async (query: string): Promise<{ deployments: { id: string }[]; total: number }> =>
      (
        await ioNetCaller(farm)<{ data: { deployments: { id: string }[]; total: number } }>(
          'GET',
          `/deployments${query}`,
        )
      ).body.data;
    expect({ data: await list('') }).toEqual(readFixture('ionet/deployments.empty.response.json'));
    const ids: string[] = [];
    for (let index = 0; index < 13; index += 1) ids.push(await deployIoNet(farm));
    const [first, second] = [await list(''), await list('?page=1')];
    expect([first.deployments.length, second.deployments.length, first.total]).toEqual([10, 3, 13]);
    expect([...first.deployments, ...second.deployments].map(({ id }) => id)).toEqual(ids.toReversed());
    expect((await list('?page_size=100')).deployments).toHaveLength(13);
    farm.ioNet.control.endDeployment(ids[0]);
    expect((await list('?status=COMPLETED')).deployments.map(({ id }) => id)).toEqual([ids[0]]);
    await farm.close();
  });

  test('a log is an event stream, never JSON', async () => {
    const id = await deployIoNet(sandbox);
    await ioNetUrl(sandbox, id);
    const [{ container_id: container }] = await ioNetWorkers(sandbox, id);
    const reply = await call('GET', `/deployment/${id}/log/${container}`);
    expect(reply.contentType).toContain('text/event-stream');
    expect(reply.text).toMatch(/^(data: .+\n\n)+$/);
    expect((await call('GET', `/deployment/${id}/log/c-none`)).status).toBe(404);
  });
});
