import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  readFixture,
  rentVast,
  showVast,
  vastCaller,
  type FarmReply,
} from '../../../test/support/sandbox-client.js';
import { expectSameShape } from '../../../test/support/shapes.js';
import { startSandbox, type Sandbox } from '../sandbox.js';

interface KnownError {
  http_status: number;
  body: { error?: string; msg?: string } | string;
}

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ timeScale: 1000, rateScale: 0, machines: 'none' });
});
afterAll(() => sandbox.close());

const errors = readFixture('vast/errors.json') as KnownError[];
const rent = (askId: number, body: object): Promise<FarmReply> =>
  vastCaller(sandbox)('PUT', `/api/v0/asks/${askId}/`, { body });
const GOOD = { image: 'vllm/vllm-openai:v0.10.0', disk: 20 };

/** The answer is one of the recorded ones, but for the number of the ask. */
function expectKnownError(reply: FarmReply): void {
  const anonymous = (text: string): string => text.replaceAll(/\d{7,8}/g, 'N');
  const known = errors.map(({ http_status: status, body }) => anonymous(`${status} ${JSON.stringify(body)}`));
  expect(known).toContain(anonymous(`${reply.status} ${JSON.stringify(reply.body)}`));
}

describe('a rent', () => {
  test('answers in the shape of create.success and makes one contract', async () => {
    sandbox.clock.hold();
    const reply = await rent(27091933, { ...GOOD, label: 'a-label' });
    expectSameShape(reply.body, readFixture('vast/create.success.response.json'));
    const id = Number(reply.body.new_contract);
    expect(sandbox.vastAi.control.books().active).toMatchObject([
      { id: String(id), label: 'a-label', machineId: '37032', offerId: '27091933' },
    ]);
    expectSameShape(
      { instances: await showVast(sandbox, id) },
      readFixture('vast/instance.null-provisioning.response.json'),
    );
    sandbox.clock.release();
  });

  test('the recorded request bodies are accepted and echoed', async () => {
    const requests = readFixture('vast/create.requests.json') as { body: Record<string, unknown> }[];
    const [first] = requests;
    const asks = [27023374, 27044298, 27043013, 27036000];
    const id = await rentVast(sandbox, asks[0], first.body);
    expect(await showVast(sandbox, id)).toMatchObject({
      label: 'gpuproxy:prod:node-01HZX',
      image_uuid: 'vllm/vllm-openai:v0.10.0',
      image_args: ['--model', 'Qwen/Qwen2.5-7B-Instruct', '--port', '8000'],
      image_runtype: 'args',
      extra_env: [
        ['HF_TOKEN', 'hf_xxx'],
        ['-p 8000:8000', '1'],
      ],
    });
    expect((await rent(asks[1], requests[1].body)).status).toBe(200);
    expect((await rent(asks[2], requests[3].body)).status).toBe(200);
  });
});

describe('machines do not overlap', () => {
  test('renting one slice takes the other ask of the machine away, until the contract is destroyed', async () => {
    const call = vastCaller(sandbox);
    const findWhole = async (): Promise<number> => {
      const reply = await call<{ offers: unknown[] }>('POST', '/api/v0/bundles/', {
        body: { ask_contract_id: { eq: 27060888 } },
      });
      return reply.body.offers.length;
    };
    expect(await findWhole()).toBe(1);
    const id = await rentVast(sandbox, 27041473);
    expect(await findWhole()).toBe(0);
    expectKnownError(await rent(27060888, GOOD));
    await call('DELETE', `/api/v0/instances/${id}/`, { body: {} });
    expect(await findWhole()).toBe(1);
  });

  test('a gone ask is told in each of the three recorded ways', async () => {
    const replies = await Promise.all(Array.from({ length: 20 }, () => rent(11111111, GOOD)));
    replies.forEach(expectKnownError);
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([400, 404, 410]));
  });

  test('a rented ask cannot be rented', async () => {
    const reply = await rent(27108676, GOOD);
    expectKnownError(reply);
    expect(reply.text).toContain('no_such_ask');
  });
});

describe('bad orders are refused with 400 and rent nothing', () => {
  test.each<[string, object]>([
    ['no image', { disk: 20 }],
    ['a disk below 8 GB', { ...GOOD, disk: 7 }],
    ['a disk larger than the offer', { ...GOOD, disk: 1_000_000 }],
    ['an unknown runtype', { ...GOOD, runtype: 'magic' }],
    ['args that are no list', { ...GOOD, args: 'x' }],
    ['a command of more than 4096 characters', { ...GOOD, args: ['x'.repeat(4097)] }],
    ['a label of more than 256 characters', { ...GOOD, label: 'x'.repeat(257) }],
    [
      'more than 64 ports',
      { ...GOOD, env: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`-p ${8000 + i}:1`, '1'])) },
    ],
    ['a bid out of range', { ...GOOD, price: 200 }],
  ])('%s', async (_, body) => {
    const before = sandbox.vastAi.control.books().active.length;
    const reply = await rent(27095186, body);
    expect([reply.status, reply.body.error]).toEqual([400, 'invalid_args']);
    expect(sandbox.vastAi.control.books().active).toHaveLength(before);
  });

  test('a body that is not JSON', async () => {
    const reply = await vastCaller(sandbox)('PUT', '/api/v0/asks/27095186/', { body: '{"image":' });
    expect(reply.status).toBe(400);
  });
});

describe('planned refusals', () => {
  test.each([
    ['insufficient_credit', 400, 'insufficient_credit'],
    ['missing_billing', 400, 'missing_billing'],
    ['spend_rate_limit', 400, 'spend_rate_limit'],
    ['refused_with_200', 200, 'unavailable'],
  ] as const)('%s', async (effect, status, error) => {
    sandbox.vastAi.control.inject('rent', effect);
    const reply = await rent(27095186, GOOD);
    expect([reply.status, reply.body.success, reply.body.error]).toEqual([status, false, error]);
    if (status !== 200) expectKnownError(reply);
  });

  test('the offer vanishes between search and rent', async () => {
    sandbox.vastAi.control.inject('rent', 'offer_vanished', { id: 27096315 });
    expectKnownError(await rent(27096315, GOOD));
    expectKnownError(await rent(27096315, GOOD));
    sandbox.vastAi.control.putOfferBack(27096315);
    expect((await rent(27096315, GOOD)).status).toBe(200);
  });

  test('no credit refuses every rent', async () => {
    sandbox.vastAi.control.setCredit(0);
    const reply = await rent(27095186, GOOD);
    expectKnownError(reply);
    expect(reply.body.error).toBe('insufficient_credit');
    sandbox.vastAi.control.setCredit(100);
  });
});

describe('bids', () => {
  test('a price makes the contract interruptible at that price', async () => {
    const id = await rentVast(sandbox, 27070637, { price: 0.9 });
    expect(await showVast(sandbox, id)).toMatchObject({ is_bid: true, dph_base: 0.9 });
  });

  test('one that is too low is refused and leaves a stopped contract that bills its disk', async () => {
    const reply = await rent(27097628, { ...GOOD, price: 0.001 });
    const fixture = readFixture('vast/create.bid-too-low.response.json') as {
      http_status: number;
      body: object;
    };
    expect(reply.status).toBe(fixture.http_status);
    expectSameShape(reply.body, fixture.body);
    const id = Number(reply.body.new_contract);
    expect(await showVast(sandbox, id)).toMatchObject({ actual_status: 'exited', cur_state: 'stopped' });
    sandbox.clock.skip(3_600_000);
    const [book] = sandbox.vastAi.control.books().active.filter((row) => row.id === String(id));
    expect(book.billedMicro).toBeGreaterThan(0);
  });
});

describe('lost answers', () => {
  test('cut after: the contract exists', async () => {
    sandbox.vastAi.control.inject('rent', 'cut_after');
    await expect(rent(27099472, { ...GOOD, label: 'lost' })).rejects.toThrow();
    expect(sandbox.vastAi.control.books().active.filter(({ label }) => label === 'lost')).toHaveLength(1);
  });

  test('504 after: the contract exists', async () => {
    sandbox.vastAi.control.inject('rent', 'html_504_after');
    const reply = await rent(27101857, { ...GOOD, label: 'late' });
    expect([reply.status, reply.contentType]).toEqual([504, 'text/html']);
    expect(sandbox.vastAi.control.books().active.filter(({ label }) => label === 'late')).toHaveLength(1);
  });

  test('cut before: nothing exists', async () => {
    sandbox.vastAi.control.inject('rent', 'cut_before');
    await expect(rent(27095186, { ...GOOD, label: 'never' })).rejects.toThrow();
    expect(sandbox.vastAi.control.books().active.filter(({ label }) => label === 'never')).toEqual([]);
  });
});
