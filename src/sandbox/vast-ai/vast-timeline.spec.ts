import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  eventually,
  readFixture,
  rentVast,
  showVast,
  vastCaller,
  vastIn,
  vastOrigin,
  type VastRow,
} from '../../../test/support/sandbox-client.js';
import { expectSameShape } from '../../../test/support/shapes.js';
import { startSandbox, type Sandbox } from '../sandbox.js';
import type { VastControl } from './vast-control.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ timeScale: 2000, rateScale: 0 });
});
afterAll(() => sandbox.close());

const shapeOf = (name: string): unknown => readFixture(`vast/instance.${name}.response.json`);
const put = (path: string, body: object = {}): Promise<{ status: number; body: Record<string, unknown> }> =>
  vastCaller(sandbox)('PUT', `/api/v0/instances/${path}/`, { body });
const refuses = (row: VastRow): Promise<void> => expect(fetch(`${vastOrigin(row)}/health`)).rejects.toThrow();
const answers = async (row: VastRow): Promise<void> =>
  expect((await fetch(`${vastOrigin(row)}/health`)).status).toBe(200);

describe('the way to running', () => {
  test('a slow line takes much longer to pull', async () => {
    const [fast, slow] = [await rentVast(sandbox, 27030311), await rentVast(sandbox, 27116661)];
    await vastIn(sandbox, fast, 'running');
    expect((await showVast(sandbox, slow))?.actual_status).toBe('loading');
  });

  test('an SSH run type maps port 22 as well', async () => {
    const row = await vastIn(
      sandbox,
      await rentVast(sandbox, 27033443, { runtype: 'ssh_direct' }),
      'running',
    );
    expectSameShape({ instances: row }, shapeOf('running-ssh-runtype'));
    expect(Object.keys(row.ports ?? {})).toEqual(['8000/tcp', '22/tcp']);
  });

  test('udp ports are mapped beside tcp ones', async () => {
    const id = await rentVast(sandbox, 27034535, { env: { '-p 8000:8000': '1', '-p 9000:9000/udp': '1' } });
    expect(Object.keys((await vastIn(sandbox, id, 'running')).ports ?? {})).toEqual(['8000/tcp', '9000/udp']);
  });

  test('a host without direct ports maps none', async () => {
    const row = await vastIn(sandbox, await rentVast(sandbox, 27107280), 'running');
    expect(row.ports).toEqual({});
    expectSameShape({ instances: row }, shapeOf('running-no-ports'));
  });
});

describe('boots that fail', () => {
  test.each([
    ['stuck_loading', 'loading', /Downloading 0\.02GB/, 'loading-stuck'],
    ['oci_error', 'created', /OCI runtime create failed/, 'error-oci'],
    ['image_pull_error', 'created', /manifest unknown/, 'error-image-pull'],
    ['registry_auth_error', 'loading', /pull access denied/, 'error-registry-auth'],
    ['exits_at_start', 'exited', /container exited/, 'exited-crashed'],
  ] as const)('%s', async (fate, status, message, fixture) => {
    sandbox.vastAi.control.inject('boot', fate);
    const id = await rentVast(sandbox, 27093999);
    const row = await eventually(async () => {
      const shown = await showVast(sandbox, id);
      return message.test(shown?.status_msg ?? '') ? shown : undefined;
    });
    expect(row).toMatchObject({ actual_status: status, intended_status: 'running', ports: null });
    expectSameShape({ instances: row }, shapeOf(fixture));
    await vastCaller(sandbox)('DELETE', `/api/v0/instances/${id}/`, { body: {} });
  });

  test('a fate may be bound to one ask', async () => {
    sandbox.vastAi.control.inject('boot', 'no_ports', { id: 27076798 });
    const other = await vastIn(sandbox, await rentVast(sandbox, 27095186), 'running');
    expect(Object.keys(other.ports ?? {})).toHaveLength(1);
    expect((await vastIn(sandbox, await rentVast(sandbox, 27076798), 'running')).ports).toEqual({});
  });
});

describe('what happens to a running contract', () => {
  let id: number;
  let row: VastRow;
  let control: VastControl;
  beforeAll(async () => {
    ({ control } = sandbox.vastAi);
    id = await rentVast(sandbox, 27091933);
    row = await vastIn(sandbox, id, 'running');
  });

  test.each([
    ['offline', 'goOffline'],
    ['unknown', 'becomeUnknown'],
    ['frozen', 'freeze'],
  ] as const)('%s: the ports stay mapped and refuse, until it comes back', async (status, method) => {
    control[method](id);
    const dark = await showVast(sandbox, id);
    expect(dark).toMatchObject({ actual_status: status, ports: row.ports });
    expectSameShape({ instances: dark }, shapeOf(status));
    await refuses(row);
    await control.comeBack(id);
    expect(await showVast(sandbox, id)).toMatchObject({ actual_status: 'running', ports: row.ports });
    await answers(row);
  });

  test('flapping ends running', async () => {
    await control.flap(id, { times: 3, everyMs: 5 });
    expect((await showVast(sandbox, id))?.actual_status).toBe('running');
    await answers(row);
  });

  test('offline again while it comes back stays dark', async () => {
    const back = control.comeBack(id);
    control.goOffline(id);
    await back;
    expect((await showVast(sandbox, id))?.actual_status).toBe('offline');
    await refuses(row);
    await control.comeBack(id);
  });

  test('a port that somebody else holds meanwhile ends the container', async () => {
    control.goOffline(id);
    const squatter = createServer();
    await new Promise<void>((resolve) => {
      squatter.listen(control.machine(id)?.port, '127.0.0.1', resolve);
    });
    await control.comeBack(id);
    expect(await showVast(sandbox, id)).toMatchObject({ actual_status: 'exited', ports: null });
    squatter.close();
    await control.comeBack(id);
    row = await vastIn(sandbox, id, 'running');
    await answers(row);
  });

  test('reboot keeps the ports', async () => {
    sandbox.clock.hold();
    expect((await put(`reboot/${id}`)).body).toEqual({ success: true });
    expectSameShape({ instances: await showVast(sandbox, id) }, shapeOf('rebooting'));
    await refuses(row);
    sandbox.clock.release();
    expect((await vastIn(sandbox, id, 'running')).ports).toEqual(row.ports);
    await answers(row);
  });

  test('recycle comes back as well', async () => {
    sandbox.clock.hold();
    await put(`recycle/${id}`);
    expect((await showVast(sandbox, id))?.actual_status).toBe('recycling');
    sandbox.clock.release();
    await vastIn(sandbox, id, 'running');
  });

  test('the process exits: the contract still wants to run, the machine is dead', async () => {
    control.exit(id);
    expect(await showVast(sandbox, id)).toMatchObject({
      actual_status: 'exited',
      intended_status: 'running',
    });
    await refuses(row);
    await control.comeBack(id);
    row = await vastIn(sandbox, id, 'running');
    await answers(row);
  });

  test('the ports are lost while it runs', async () => {
    control.losePorts(id);
    expect(await showVast(sandbox, id)).toMatchObject({ actual_status: 'running', ports: {} });
    await refuses(row);
  });

  test('outbid: everything says stopped though nobody here stopped it', async () => {
    control.outbid(id);
    const stopped = await showVast(sandbox, id);
    expect(stopped).toMatchObject({
      intended_status: 'stopped',
      cur_state: 'stopped',
      next_state: 'stopped',
      status_msg: 'outbid\n',
    });
    expectSameShape({ instances: stopped }, shapeOf('stopped-outbid'));
  });
});
