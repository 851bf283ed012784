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

describe('the way to a public address', () => {
  test('every replica is a container on its own device with its own address', async () => {
    const id = await deployIoNet(sandbox, {}, { replica_count: 2 });
    const urls = [await ioNetUrl(sandbox, id, 0), await ioNetUrl(sandbox, id, 1)];
    const workers = await ioNetWorkers(sandbox, id);
    expect(new Set(workers.map(({ device_id: device }) => device)).size).toBe(2);
    expect(new Set(urls).size).toBe(2);
    for (const url of urls) expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  test('one container may be asked for alone', async () => {
    const id = await deployIoNet(sandbox, {}, { replica_count: 2 });
    await ioNetUrl(sandbox, id);
    const [, second] = await ioNetWorkers(sandbox, id);
    const reply = await call('GET', `/deployment/${id}/containers-jobs/${second.container_id}`);
    expect(reply.body).toEqual({ data: { total: 1, workers: [second] } });
    expect((await call('GET', `/deployment/${id}/containers-jobs/c-none`)).status).toBe(404);
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
