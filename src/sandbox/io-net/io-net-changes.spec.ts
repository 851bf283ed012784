import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  deployIoNet,
  eventually,
  ioNetCaller,
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
