import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  deployBody,
  deployIoNet,
  ioNetCaller,
  readFixture,
  type FarmReply,
} from '../../../test/support/sandbox-client.js';
import { expectSameShape } from '../../../test/support/shapes.js';
import { startSandbox, type Sandbox } from '../sandbox.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ timeScale: 60, machines: 'none' });
});
afterAll(() => sandbox.close());

const deploy = (body: unknown): Promise<FarmReply> => ioNetCaller(sandbox)('POST', '/deploy', { body });
const active = (): number => sandbox.ioNet.control.books().active.length;
const freeAt = async (place: number, hardwareId: number): Promise<number> => {
  const path = `/available-replicas?hardware_id=${hardwareId}&hardware_qty=1`;
  const { body } = await ioNetCaller(sandbox)<{ data: { id: number; available_replicas: number }[] }>(
    'GET',
    path,
  );
  return body.data.find(({ id }) => id === place)?.available_replicas ?? NaN;
};

describe('a deploy', () => {
  test('of the recorded body answers in the recorded shape and shows as recorded', async () => {
    const request = readFixture('ionet/deploy.request.json') as { body: object };
    const reply = await deploy(request.body);
    expectSameShape(reply.body, readFixture('ionet/deploy.success.response.json'));
    expect(reply.body.status).toBe('deployment requested');
    const shown = await ioNetCaller(sandbox)('GET', `/deployment/${String(reply.body.deployment_id)}`);
    const fixture = readFixture('ionet/deployment.deployment-requested.response.json') as {
      data: Record<string, unknown>;
    };
    expectSameShape(shown.body, fixture);
    expect(shown.body.data).toEqual({
      ...fixture.data,
      id: reply.body.deployment_id,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/),
    });
  });

  test('takes capacity where it was asked, and gives it back', async () => {
    const before = await freeAt(5, 226);
    await deployIoNet(sandbox, { hardware_id: 226, location_ids: [9] }, { replica_count: 3 });
    expect(await freeAt(9, 226)).toBe(21 - 3);
    await deployIoNet(sandbox, { hardware_id: 203, location_ids: [5], gpus_per_container: 8 });
    expect(await freeAt(5, 203)).toBe(0);
    expect(await freeAt(5, 226)).toBe(before);
    const [last] = sandbox.ioNet.control.books().active.slice(-1);
    sandbox.ioNet.control.failDeployment(last.id);
    expect(await freeAt(5, 203)).toBe(8);
  });

  test('spreads replicas over the places in the order asked', async () => {
    sandbox.ioNet.control.setFreeGpus(226, 1, 1);
    const id = await deployIoNet(sandbox, { hardware_id: 226, location_ids: [1, 3] }, { replica_count: 2 });
    const { body } = await ioNetCaller(sandbox)<{ data: { locations: { id: number }[] } }>(
      'GET',
      `/deployment/${id}`,
    );
    expect(body.data.locations.map((place) => place.id)).toEqual([1, 3]);
  });
});

describe('refusals', () => {
  test('no replicas left: 400', async () => {
    await deployIoNet(sandbox, { hardware_id: 3, location_ids: [9] });
    const reply = await deploy(deployBody({ hardware_id: 3, location_ids: [9] }));
    expect([reply.status, reply.body.detail]).toEqual([
      400,
      'No available replicas for the selected hardware and locations',
    ]);
  });

  test('a name is used once for ever: 409', async () => {
    const id = await deployIoNet(sandbox, { resource_private_name: 'twice' });
    sandbox.ioNet.control.endDeployment(id);
    const reply = await deploy(deployBody({ resource_private_name: 'twice' }));
    expect([reply.status, reply.body.detail]).toEqual([409, 'Cluster name is already taken']);
  });

  test('not enough credit: 402, and neither capacity nor money is taken', async () => {
    const [free, before] = [await freeAt(4, 12), active()];
    sandbox.ioNet.control.setCredit(0.1);
    const reply = await deploy(deployBody({ location_ids: [4] }));
    expect([reply.status, reply.body.detail]).toEqual([402, 'Not enough credits']);
    expect([await freeAt(4, 12), active()]).toEqual([free, before]);
    expect(sandbox.ioNet.control.books().creditMicro).toBe(100_000);
    sandbox.ioNet.control.setCredit(1000);
  });

  test.each<[string, object, (string | number)[]]>([
    ['no name', { resource_private_name: undefined }, ['body', 'resource_private_name']],
    ['no hours', { duration_hours: 0 }, ['body', 'duration_hours']],
    ['a hardware id of the other world', { hardware_id: 'gpu_1x_l40' }, ['body', 'hardware_id']],
    ['no container_config', { container_config: undefined }, ['body', 'container_config']],
    [
      'a port of text',
      { container_config: { replica_count: 1, traffic_port: 'http' } },
      ['body', 'container_config', 'traffic_port'],
    ],
    ['no image', { registry_config: {} }, ['body', 'registry_config', 'image_url']],
  ])('%s: 422', async (_, more, where) => {
    const before = active();
    const reply = await deploy(deployBody(more));
    const { detail } = reply.body as { detail: { loc: unknown[] }[] };
    expect(reply.status).toBe(422);
    expect(detail.map(({ loc }) => loc)).toContainEqual(where);
    expect(active()).toBe(before);
  });

  test.each([
    ['no_credits', 402],
    ['no_replicas', 400],
    ['name_taken', 409],
    ['rate_limited', 429],
    ['server_error', 500],
    ['html_502', 502],
  ] as const)('planned: %s is a %i and deploys nothing', async (effect, status) => {
    const before = active();
    sandbox.ioNet.control.inject('deploy', effect);
    expect((await deploy(deployBody())).status).toBe(status);
    expect(active()).toBe(before);
  });
});

describe('lost answers', () => {
  test('504 though it was created', async () => {
    sandbox.ioNet.control.inject('deploy', 'html_504_after');
    const reply = await deploy(deployBody({ resource_private_name: 'late' }));
    expect([reply.status, reply.contentType]).toEqual([504, 'text/html']);
    expect(sandbox.ioNet.control.books().active.map(({ label }) => label)).toContain('late');
  });

  test('the connection is cut after, or before', async () => {
    sandbox.ioNet.control.inject('deploy', 'cut_after');
    await expect(deploy(deployBody({ resource_private_name: 'cut-after' }))).rejects.toThrow();
    sandbox.ioNet.control.inject('deploy', 'cut_before');
    await expect(deploy(deployBody({ resource_private_name: 'cut-before' }))).rejects.toThrow();
    const labels = sandbox.ioNet.control.books().active.map(({ label }) => label);
    expect([labels.includes('cut-after'), labels.includes('cut-before')]).toEqual([true, false]);
  });
});
