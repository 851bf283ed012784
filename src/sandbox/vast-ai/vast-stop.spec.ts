import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
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

describe('stop and start', () => {
  test('a stopped contract comes back on new ports', async () => {
    const id = await rentVast(sandbox, 27052692);
    const before = await vastIn(sandbox, id, 'running');
    expect((await put(`${id}`, { state: 'stopped' })).body).toEqual({ success: true });
    const stopped = await showVast(sandbox, id);
    expect(stopped).toMatchObject({ actual_status: 'exited', intended_status: 'stopped', ports: null });
    expectSameShape({ instances: stopped }, shapeOf('stopped-by-user'));
    await refuses(before);
    await put(`${id}`, { state: 'running' });
    await answers(await vastIn(sandbox, id, 'running'));
  });

  test('a start may be queued: scheduled, and it may run much later', async () => {
    const id = await rentVast(sandbox, 27053486);
    await vastIn(sandbox, id, 'running');
    await put(`${id}`, { state: 'stopped' });
    sandbox.vastAi.control.relet(id);
    sandbox.clock.hold();
    const reply = await put(`${id}`, { state: 'running' });
    expect(reply).toMatchObject({
      status: 200,
      body: { success: false, msg: expect.stringContaining('state change queued') },
    });
    const scheduled = await showVast(sandbox, id);
    expect(scheduled).toMatchObject({
      intended_status: 'running',
      cur_state: 'stopped',
      next_state: 'running',
    });
    expectSameShape({ instances: scheduled }, shapeOf('scheduling-after-start'));
    sandbox.clock.release();
    await vastIn(sandbox, id, 'running');
  });

  test('stopping cancels a queued start', async () => {
    const id = await rentVast(sandbox, 27055024);
    await vastIn(sandbox, id, 'running');
    await put(`${id}`, { state: 'stopped' });
    sandbox.vastAi.control.inject('state', 'state_change_queued');
    sandbox.clock.hold();
    await put(`${id}`, { state: 'running' });
    await put(`${id}`, { state: 'stopped' });
    sandbox.clock.release();
    expect(await showVast(sandbox, id)).toMatchObject({ intended_status: 'stopped', next_state: 'stopped' });
  });

  test('labels change, unknown states and unknown contracts are refused', async () => {
    const id = await rentVast(sandbox, 27056331);
    expect((await put(`${id}`, { label: 'mine' })).body).toEqual({
      success: true,
      msg: `label for ${id} set to 'mine'`,
    });
    expect((await showVast(sandbox, id))?.label).toBe('mine');
    expect((await put(`${id}`, { state: 'paused' })).status).toBe(400);
    expect(await put('99', { state: 'running' })).toMatchObject({
      status: 404,
      body: { error: 'no_such_instance' },
    });
  });
});

describe('the end', () => {
  test('destroying kills the machine with its open connections, and twice is a 404', async () => {
    const id = await rentVast(sandbox, 27070637);
    const row = await vastIn(sandbox, id, 'running');
    const machine = sandbox.vastAi.control.machine(id);
    if (machine) machine.knobs.tokenDelayMs = 200;
    const stream = await fetch(`${vastOrigin(row)}/v1/completions`, {
      method: 'POST',
      body: JSON.stringify({ prompt: 'go', stream: true }),
    });
    const reading = stream.text();
    const reply = await vastCaller(sandbox)('DELETE', `/api/v0/instances/${id}/`, { body: {} });
    expect(reply.body).toEqual({ success: true, msg: 'Instance destroyed successfully' });
    await expect(reading).rejects.toThrow();
    await refuses(row);
    expect(await showVast(sandbox, id)).toBeNull();
    const again = await vastCaller(sandbox)('DELETE', `/api/v0/instances/${id}/`, { body: {} });
    expect(again.status).toBe(404);
    expect(['not_found', 'no_such_instance']).toContain(again.body.error);
  });

  test('at its end date a contract stops and cannot be started again', async () => {
    const id = await rentVast(sandbox, 27085250);
    await vastIn(sandbox, id, 'running');
    sandbox.vastAi.control.endContract(id);
    const row = await showVast(sandbox, id);
    expect(row).toMatchObject({
      actual_status: 'exited',
      intended_status: 'stopped',
      status_msg: 'rental contract expired\n',
    });
    expectSameShape({ instances: row }, shapeOf('expired'));
    expect((await put(`${id}`, { state: 'running' })).status).toBe(400);
  });

  test('a contract destroyed while it boots never gets a machine', async () => {
    sandbox.clock.hold();
    const id = await rentVast(sandbox, 27090513);
    await vastCaller(sandbox)('DELETE', `/api/v0/instances/${id}/`, { body: {} });
    sandbox.clock.release();
    expect(await showVast(sandbox, id)).toBeNull();
    expect(sandbox.vastAi.control.machine(id)).toBeUndefined();
  });
});
