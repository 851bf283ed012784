import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { BlockBook } from '../../src/credits/requests/block-book.js';
import { BlockUpkeep } from '../../src/credits/requests/block-upkeep.js';
import { RequestBlock } from '../../src/credits/requests/request-block.entity.js';
import { RequestBudget } from '../../src/credits/requests/request-budget.js';
import { RequestPricing } from '../../src/credits/requests/request-pricing.js';
import { CreditSession } from '../../src/credits/usage/credit-session.entity.js';
import { InstanceBusyTime } from '../../src/credits/usage/instance-busy-time.js';
import { UsageRecord } from '../../src/credits/usage/usage-record.entity.js';
import { UsageRecorder } from '../../src/credits/usage/usage-recorder.js';
import { createCredits, CREDITS_SCHEMA, grant, type Credits } from '../database/credits-fixture.js';
import { openTestDatabase, type TestDatabase } from '../support/databases.js';
import { KEY, OWNER, listen, startProxy, type ProxyHarness } from '../support/proxy-harness.js';
import { eventually } from '../support/running-daemon.js';

const A_REQUEST = { requestPriceMicro: 1000 };
/** A thousandth of a credit a request, and as much a token. */
const PRICE = { requestPriceMicro: 1000, tokenPriceNano: 1_000_000 };
const A_SECOND = { requestPriceMicro: 0, secondPriceMicro: 500 };
const CHAT = '/api/v1/gpu/pools/p/proxy/v1/chat/completions';
const event = (text: string): string => `data: {"choices":[{"delta":{"content":"${text}"}}]}\n\n`;
const USAGE = 'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}\n\n';

describe('what requests cost', { timeout: 20_000 }, () => {
  const sockets = new WebSocketServer({ noServer: true });
  let server: Server;
  let origin = '';
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let database: TestDatabase;
  let credits: Credits;
  let proxy: ProxyHarness;

  beforeAll(async () => {
    server = createServer((request, response) => answer(request, response));
    server.on('upgrade', (request, socket, head) =>
      sockets.handleUpgrade(request, socket, head, () => undefined),
    );
    origin = `http://127.0.0.1:${await listen(server)}`;
  });
  beforeEach(async () => {
    database = await openTestDatabase('sqlite', CREDITS_SCHEMA);
    answer = (_, response) => void response.end('{"ok":true}');
  });
  afterEach(async () => {
    await proxy.close();
    await credits.stop();
    await database.close();
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  /** Upkeep happens when a test says so. */
  const sell = async (funds: number, price: Parameters<typeof createCredits>[1] = PRICE): Promise<void> => {
    credits = await createCredits(database, price);
    credits.get(BlockBook).whenAdded(() => undefined);
    if (funds > 0) await grant(credits.ledger, OWNER, funds);
    proxy = await startProxy(
      {},
      {
        recorder: credits.get(UsageRecorder),
        budget: credits.get(RequestBudget),
        pricing: credits.get(RequestPricing),
        busyTime: credits.get(InstanceBusyTime),
      },
    );
    proxy.addPool('p', [origin], { models: ['m'] });
  };
  const ask = (path = CHAT, body?: object, method = 'POST'): Promise<Response> =>
    fetch(`${proxy.url}${path}`, {
      headers: { 'x-api-key': KEY, 'content-type': 'application/json' },
      ...(body ? { method, body: JSON.stringify(body) } : { method }),
    });
  const costOf = async (send: () => Promise<Response>): Promise<number> => {
    const row = proxy.nextUsage();
    await (await send()).text().catch(() => undefined);
    return (await row).costMicro;
  };
  const held = async (): Promise<number> => (await credits.ledger.balanceOf(OWNER)).heldMicro;

  describe('by the request', () => {
    it.each([
      ['an answer', 'POST', 200, 1000],
      ['an answer without a body', 'POST', 204, 1000],
      ['a HEAD', 'HEAD', 200, 1000],
    ])('%s is charged', async (_, method, status, cost) => {
      await sell(1, A_REQUEST);
      answer = (__, response) => void response.writeHead(status).end();
      expect(await costOf(() => ask(CHAT, undefined, method))).toBe(cost);
    });

    it('a connection that breaks before the first byte is not', async () => {
      await sell(1, A_REQUEST);
      answer = (request) => request.socket.destroy();
      expect(await costOf(() => ask())).toBe(0);
      expect((await credits.ledger.balanceOf(OWNER)).usedMicro).toBe(0);
    });

    it.each([
      ['http', { path: '/' }],
      ['mcp', { body: { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} } }],
      ['openinference', { path: '/v2/models/m/infer', body: { inputs: [] } }],
    ])('is asked for in an envelope of %s', async (protocol, rest) => {
      await sell(0, A_REQUEST);
      const reached: string[] = [];
      answer = (request, response) => {
        reached.push(request.url ?? '');
        response.end('{}');
      };
      const refused = await ask('/api/v1/gpu/proxy', { protocol, pool: 'p', ...rest });
      expect(refused.status).toBe(402);
      expect(await refused.json()).toMatchObject({ code: 'insufficient_credits' });
      expect(reached).toEqual([]);
    });
  });

  describe('by the token', () => {
    it('holds what the request allows its answer to have, and no more', async () => {
      await sell(0.032);
      let whileServed = 0;
      answer = async (_, response) => {
        whileServed = await held();
        response.end('{}');
      };
      const body = { model: 'm', max_tokens: 20 };
      expect((await ask(CHAT, body)).status).toBe(200);
      const inputTokens = Math.ceil(JSON.stringify(body).length / 3);
      expect(whileServed).toBe(1000 + (inputTokens + 20) * 1000);
      expect((await ask(CHAT, { ...body, max_tokens: 30 })).status).toBe(402);
      expect((await ask(CHAT, { model: 'm' })).status).toBe(402);
    });

    it('is told in an envelope, with the tokens', async () => {
      await sell(10);
      answer = (_, response) => {
        response.setHeader('content-type', 'application/json');
        response.end('{"usage":{"prompt_tokens":7,"completion_tokens":3}}');
      };
      const envelope = { protocol: 'http', pool: 'p', path: '/v1/chat/completions', body: { model: 'm' } };
      expect(await (await ask('/api/v1/gpu/proxy', envelope)).json()).toMatchObject({
        status_code: 200,
        usage: { input_tokens: 7, output_tokens: 3 },
        cost: 0.011,
      });
    });

    it.each([
      ['native', CHAT],
      ['OpenAI', '/v1/chat/completions'],
    ])('a %s stream is charged by the count of the engine', async (_, path) => {
      await sell(10);
      answer = (__, response) => {
        response.setHeader('content-type', 'text/event-stream');
        response.end(`${event('')}${event('a')}${event('b')}${USAGE}data: [DONE]\n\n`);
      };
      expect(await costOf(() => ask(path, { model: 'm', stream: true }))).toBe(1000 + 10_000);
    });

    it('a stream notes on its way what it has delivered, and a cut one is charged for that', async () => {
      await sell(10);
      let upstream: ServerResponse | undefined;
      answer = (_, response) => {
        upstream = response;
        response.setHeader('content-type', 'text/event-stream');
        response.write(`${event('')}${event('a')}${event('b')}`);
      };
      const row = proxy.nextUsage();
      const streaming = await ask(CHAT, { model: 'm', stream: true, max_tokens: 100 });
      const reader = streaming.body?.getReader();
      await reader?.read();
      await credits.get(BlockUpkeep).round();
      const { manager } = database.unitOfWork;
      expect(await manager.find(RequestBlock, {})).toMatchObject([{ spentMicro: 1000 + 2000 }]);
      upstream?.write(event('c'));
      await reader?.read();
      await credits.get(BlockUpkeep).round();
      expect(await manager.find(RequestBlock, {})).toMatchObject([{ spentMicro: 1000 + 3000 }]);
      upstream?.destroy();
      await reader?.read().catch(() => undefined);
      expect((await row).costMicro).toBe(1000 + 3000);
    });

    it('a stream that can be paid no longer is cut', async () => {
      await sell(0.06);
      answer = (_, response) => {
        response.setHeader('content-type', 'text/event-stream');
        const timer = setInterval(() => response.write(event('x')), 1);
        response.on('close', () => clearInterval(timer));
      };
      const cost = await costOf(() => ask(CHAT, { stream: true, max_tokens: 20 }));
      expect(cost).toBeGreaterThan(50_000);
      expect(cost).toBeLessThanOrEqual(60_000);
    });
  });

  describe('by the second', () => {
    it('counts the time that a request has taken, and holds its limit', async () => {
      await sell(1, A_SECOND);
      let whileServed = 0;
      answer = async (_, response) => {
        whileServed = await held();
        credits.clock.advance(2500);
        response.end('{}');
      };
      const limited = { 'x-api-key': KEY, 'x-timelimit': '2m' };
      const cost = await costOf(() => fetch(`${proxy.url}${CHAT}`, { headers: limited }));
      expect(whileServed).toBe(120 * 500);
      expect(cost).toBe(1250);
    });

    it('costs nothing before something has come, even if the process dies then', async () => {
      await sell(1, A_SECOND);
      const noted: number[] = [];
      const checkpoint = async (): Promise<void> => {
        // Longer than the clock of a request needs to strike.
        await delay(1200);
        await credits.get(BlockUpkeep).round();
        const [block] = await database.unitOfWork.manager.find(RequestBlock, {});
        noted.push(block.spentMicro);
      };
      answer = async (_, response) => {
        credits.clock.advance(10_000);
        await checkpoint();
        response.write('{');
        await checkpoint();
        response.destroy();
      };
      expect(await costOf(() => ask())).toBe(5000);
      expect(noted).toEqual([0, 5000]);
    });
  });

  describe('of a tunnel', () => {
    const open = (): WebSocket => {
      const socket = new WebSocket(`${proxy.url.replace('http', 'ws')}/api/v1/gpu/pools/p/proxy/ws`, {
        headers: { 'x-api-key': KEY },
      });
      socket.on('error', () => undefined);
      return socket;
    };

    it('is its time, and it is a session of its own', async () => {
      await sell(1, { requestPriceMicro: 1000, secondPriceMicro: 500 });
      const socket = open();
      await once(socket, 'open');
      await credits.get(UsageRecorder).flush();
      const before = await credits.ledger.balanceOf(OWNER);
      await grant(credits.ledger, OWNER, 5);
      credits.clock.advance(90_000);
      const row = proxy.nextUsage();
      socket.terminate();
      expect(await row).toMatchObject({ costMicro: 1000 + 45_000, protocol: 'websocket', status: 101 });
      await credits.get(UsageRecorder).flush();
      const sessions = await database.unitOfWork.manager.find(CreditSession, {});
      expect(sessions).toMatchObject([
        { kind: 'socket', durationSeconds: 90, userId: OWNER, firstSeq: before.seq + 1, ip: '127.0.0.1' },
      ]);
      expect(sessions[0].lastSeq).toBeGreaterThan(before.seq);
    });

    it('is cut when it can be paid no longer', async () => {
      await sell(0.04, A_SECOND);
      const socket = open();
      await once(socket, 'open');
      const row = proxy.nextUsage();
      credits.clock.advance(90_000);
      await once(socket, 'close');
      expect((await row).costMicro).toBe(40_000);
    });

    it('is refused to those who have nothing', async () => {
      await sell(0);
      const [, refusal] = (await once(open(), 'unexpected-response')) as [unknown, IncomingMessage];
      expect(refusal.statusCode).toBe(402);
    });
  });

  it('stands beside the share of the rental, in the row of the request', async () => {
    await sell(1000);
    await credits.meter.authorize({
      rentalId: 'r0',
      userId: OWNER,
      pricePerHourMicro: 3_600_000_000,
      providerPricePerHourMicro: 1_800_000_000,
      minimumHours: 0,
    });
    answer = (_, response) => {
      credits.clock.advance(400);
      response.end('{}');
    };
    await costOf(() => ask());
    await credits.get(UsageRecorder).flush();
    const rows = await eventually(async () => {
      const found = await database.unitOfWork.manager.find(UsageRecord, {});
      return found.length > 0 && found;
    });
    expect(rows).toMatchObject([
      { rentalId: 'r0', busyMs: 400, costMicro: 1000, gpuCostMicro: 400_000, providerCostMicro: 200_000 },
    ]);
  });
});
