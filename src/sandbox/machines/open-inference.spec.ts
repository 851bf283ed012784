import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  eventsOf,
  getFrom,
  jsonOf,
  type MachineAnswer,
  postTo,
  SIGNATURE,
  startMachine,
} from '../../../test/support/machine-client.js';
import type { Machine } from './machine.js';

let machine: Machine;
beforeEach(async () => {
  machine = await startMachine();
});
afterEach(() => machine.refuse());

const get = (path: string): Promise<Response> => getFrom(machine, path);
const post = (path: string, body: unknown, init?: RequestInit): Promise<Response> =>
  postTo(machine, path, body, init);

describe('Open Inference', () => {
  test('tells about itself and its model, with slashes in the name escaped or not', async () => {
    expect(await jsonOf(get('/v2'))).toMatchObject({
      name: 'sandbox',
      extensions: expect.arrayContaining(['binary_tensor_data']),
    });
    for (const name of ['acme/tiny', 'acme%2Ftiny', 'acme/tiny/versions/1']) {
      expect(await jsonOf(get(`/v2/models/${name}`))).toMatchObject({
        name: 'acme/tiny',
        inputs: [{ name: 'text_input', datatype: 'BYTES', shape: [1] }],
        outputs: [{ name: 'text_output', datatype: 'BYTES' }],
      });
      expect(await jsonOf(get(`/v2/models/${name}/ready`))).toEqual({
        name: 'acme/tiny',
        ready: true,
      });
    }
    expect((await get('/v2/health/ready')).status).toBe(200);
    expect((await get('/v2/models/none')).status).toBe(404);
    expect(await jsonOf(post('/v2/repository/index', {}))).toMatchObject([
      { name: 'acme/tiny', state: 'READY' },
    ]);
  });

  test('infers on text, echoing the id', async () => {
    const body = {
      id: '42',
      inputs: [{ name: 'text_input', shape: [2], datatype: 'BYTES', data: [['hello'], ['ping']] }],
    };
    const reply = await jsonOf(post('/v2/models/acme/tiny/infer', body));
    expect(reply).toMatchObject({
      id: '42',
      model_name: 'acme/tiny',
      outputs: [{ name: 'text_output', datatype: 'BYTES', shape: [2] }],
    });
    expect(reply.outputs[0].data.every((text: string) => text.includes(SIGNATURE))).toBe(true);
  });

  test('takes text as a binary tensor', async () => {
    const head = Buffer.from(
      JSON.stringify({
        inputs: [{ name: 'text_input', shape: [2], datatype: 'BYTES', parameters: { binary_data_size: 15 } }],
      }),
    );
    const body = Buffer.concat([head, Buffer.from('\x02\0\0\0hi\x05\0\0\0hello')]);
    const headers = {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(head.length),
    };
    const response = await fetch(`${machine.origin}/v2/models/acme/tiny/infer`, {
      method: 'POST',
      headers,
      body,
    });
    expect(((await response.json()) as MachineAnswer).outputs[0].data).toEqual([
      expect.stringMatching(/^Hello!/),
      expect.stringMatching(/^Hello!/),
    ]);
  });

  test('gives other tensors back and refuses what is no request', async () => {
    const tensor = { name: 'input0', shape: [2, 2], datatype: 'UINT32', data: [1, 2, 3, 4] };
    const reply = await jsonOf(post('/v2/models/acme/tiny/infer', { inputs: [tensor] }));
    expect(reply.outputs).toEqual([{ ...tensor, name: 'output0' }]);
    const refused = await post('/v2/models/acme/tiny/infer', { data: [] });
    expect([refused.status, await refused.json()]).toEqual([
      400,
      { error: 'the body is not an inference request' },
    ]);
  });

  test('generates at once and as a stream without [DONE]', async () => {
    const body = { text_input: 'hello', parameters: { max_tokens: 3 } };
    const whole = await jsonOf(post('/v2/models/acme/tiny/generate', body));
    const chunks = await eventsOf(await post('/v2/models/acme/tiny/generate_stream', body));
    expect(chunks.map(({ text_output: text }) => text).join('')).toBe(whole.text_output);
    expect(chunks).toHaveLength(3);
    expect(whole.text_output).toContain(SIGNATURE);
    expect((await post('/v2/models/acme/tiny/generate', {})).status).toBe(400);
  });
});
