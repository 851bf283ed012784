import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  ask,
  problemOf,
  messagesAt,
  methodsAt,
  sendEnvelope,
  textOf,
  toolCall,
} from '../support/mcp-envelopes.js';
import { closeProxies, proxyTo } from '../support/mcp-proxies.js';
import {
  startLegacyServer,
  startModernServer,
  type LegacyTestServer,
  type McpTestServer,
} from '../support/mcp-servers.js';
import type { ProxyHarness } from '../support/proxy-harness.js';

let modern: McpTestServer;
let legacy: LegacyTestServer;
let proxy: ProxyHarness;

beforeAll(async () => {
  modern = await startModernServer();
  legacy = await startLegacyServer();
});
beforeEach(() => {
  modern.seen.length = 0;
  legacy.seen.length = 0;
  legacy.forgetSessions();
});
afterEach(closeProxies);
afterAll(() => Promise.all([modern.close(), legacy.close()]));

describe('POST gpu/proxy with protocol mcp', () => {
  it('calls a modern server: one question for the era, then each request for itself', async () => {
    proxy = await proxyTo([modern.origin]);
    const reply = await ask(proxy, toolCall('add', { a: 1, b: 2 }));
    expect(textOf(reply)).toBe('3');
    expect(reply).toMatchObject({ status: 200, body: { status_code: 200, attempts: 1, instance_id: 'i0' } });
    expect(reply.body).toMatchObject({ body: { jsonrpc: '2.0', id: 1 }, notifications: [] });
    expect(textOf(await ask(proxy, toolCall('add', { a: 2, b: 2 })))).toBe('4');
    expect(methodsAt(modern)).toEqual(['server/discover', 'tools/call', 'tools/call']);
    const [, first, second] = messagesAt(modern);
    expect(first.headers).toMatchObject({
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'add',
      'user-agent': 'gpuproxy',
    });
    expect(first.message.params).toEqual({
      name: 'add',
      arguments: { a: 1, b: 2 },
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'gpuproxy', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    });
    expect(first.message.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(first.message.id).not.toBe(second.message.id);
    expect(proxy.usage.at(-1)).toMatchObject({
      protocol: 'mcp',
      pool: 'tools',
      status: 200,
      instanceId: 'i0',
    });
  });

  it('calls a legacy server in one session, with the handshake before the first request', async () => {
    proxy = await proxyTo([legacy.origin]);
    for (const count of ['1', '2', '3']) expect(textOf(await ask(proxy, toolCall('count')))).toBe(count);
    expect(methodsAt(legacy)).toEqual([
      'server/discover',
      'initialize',
      'notifications/initialized',
      'tools/call',
      'tools/call',
      'tools/call',
    ]);
    expect(legacy.sessions.size).toBe(1);
    const [, hello, , first] = messagesAt(legacy);
    expect(hello.message.params).toEqual({
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'gpuproxy', version: '1' },
    });
    expect(first.headers).toMatchObject({
      'mcp-session-id': [...legacy.sessions.keys()][0],
      'mcp-protocol-version': '2025-11-25',
    });
    expect(first.headers).not.toHaveProperty('mcp-method');
    expect(first.message.params).not.toHaveProperty('_meta');
  });

  it.each([
    ['', '1'],
    ['"id":7,', '7'],
    ['"jsonrpc":"2.0","id":"a-1",', '"a-1"'],
    ['"id":9007199254740993,', '9007199254740993'],
    ['"id":null,', '1'],
  ])('gives the caller its own id back: {%s…}', async (members, id) => {
    proxy = await proxyTo([legacy.origin]);
    const params = '{"name":"chat","arguments":{"n":9007199254740993,"x":1.0}}';
    const text = `{"protocol":"mcp","pool":"tools","body":{${members}"method":"tools/call","params":${params}}}`;
    const reply = await sendEnvelope(proxy, text);
    expect(reply.status).toBe(200);
    expect(/"id":([^,}]+)[,}]/.exec(reply.text)?.[1]).toBe(id);
    expect(messagesAt(legacy).at(-1)?.body).toContain('"arguments":{"n":9007199254740993,"x":1.0}');
  });

  it('keeps the digits of a modern request too, and the caller’s own _meta', async () => {
    proxy = await proxyTo([modern.origin]);
    const meta =
      '{"progressToken":9007199254740993,"io.modelcontextprotocol/clientInfo":{"name":"x","version":"1"}}';
    const params = `{"name":"generate","arguments":{"n":1.0},"_meta":${meta}}`;
    await sendEnvelope(
      proxy,
      `{"protocol":"mcp","pool":"tools","body":{"method":"tools/call","params":${params}}}`,
    );
    const { body, message } = messagesAt(modern)[1];
    expect(body).toContain('"arguments":{"n":1.0}');
    expect(body).toContain('"progressToken":9007199254740993');
    expect(message.params).toMatchObject({
      _meta: { 'io.modelcontextprotocol/clientInfo': { name: 'gpuproxy', version: '1' } },
    });
  });

  it('sends notifications, which are only accepted', async () => {
    proxy = await proxyTo([legacy.origin]);
    const body = { method: 'notifications/roots/list_changed' };
    const reply = await ask(proxy, body);
    expect(reply.body).toMatchObject({ status_code: 202, body: null });
    expect(messagesAt(legacy).at(-1)?.message).toEqual({ jsonrpc: '2.0', ...body });
  });

  it('refuses what is no message', async () => {
    proxy = await proxyTo([modern.origin]);
    expect(problemOf(await ask(proxy, [toolCall('add')]))).toEqual([400, 'batch_not_supported']);
    const fieldsOf = async (body: unknown, more = {}): Promise<string[]> =>
      ((await ask(proxy, body, more)).body.errors ?? []).map(({ field }) => field);
    expect(await fieldsOf(undefined)).toEqual(['body']);
    expect(await fieldsOf('text')).toEqual(['body']);
    expect(await fieldsOf({ id: 1.5, jsonrpc: '1.0', params: [], more: 1 })).toEqual([
      'body.method',
      'body.jsonrpc',
      'body.id',
      'body.params',
      'body.more',
    ]);
    expect(await fieldsOf({ method: 'x', params: { _meta: 1 } })).toEqual(['body.params._meta']);
    expect(await fieldsOf({ method: 'x' }, { method: 'GET' })).toEqual(['method']);
    expect(await fieldsOf({ method: 'x' }, { session: 'old', session_id: 'a b' })).toEqual([
      'session',
      'session_id',
    ]);
    expect(await fieldsOf({ method: 'x' }, { session: 'new', session_id: 'a' })).toEqual(['session_id']);
    expect(modern.seen).toEqual([]);
  });

  it('judges the target first', async () => {
    proxy = await proxyTo([modern.origin]);
    const target = (url: string): Record<string, unknown> => ({ pool: undefined, target_url: url });
    const other = { 'x-api-key': 'key-of-user-2' };
    expect(problemOf(await ask(proxy, [], target('http://169.254.169.254/')))).toEqual([
      403,
      'target_not_allowed',
    ]);
    expect(problemOf(await ask(proxy, [], target(modern.url), other))).toEqual([403, 'target_not_allowed']);
    expect(problemOf(await ask(proxy, [], {}, other))).toEqual([404, 'pool_not_found']);
    expect(problemOf(await ask(proxy, { method: 'ping' }, target('ws://8.8.8.8/')))).toEqual([
      422,
      'invalid_input',
    ]);
    expect(modern.seen).toEqual([]);
    const own = await ask(proxy, toolCall('add', { a: 1, b: 1 }), target(modern.url));
    expect(own.body).toMatchObject({ status_code: 200, instance_id: 'i0' });
  });

  it('reaches a pool’s mcp_path with its credentials, and never sends ours', async () => {
    const settings = { mcpPath: '/mcp?a=b', upstreamHeaders: { authorization: 'Bearer of-the-pool' } };
    proxy = await proxyTo([modern.origin], settings);
    await ask(proxy, toolCall('add', { a: 1, b: 1 }), {
      headers: { 'X-A': 'b', Accept: 'x/y', 'Mcp-Session-Id': 'stray', 'Mcp-Name': 'other' },
      upstream_headers: { 'x-token': 'of-the-caller' },
    });
    for (const { url, headers, rawHeaders } of modern.seen) {
      expect(url).toBe('/mcp?a=b');
      expect(headers).toMatchObject({
        authorization: 'Bearer of-the-pool',
        'x-token': 'of-the-caller',
        'x-a': 'b',
      });
      expect(headers.accept).toBe('application/json, text/event-stream');
      expect(headers).not.toHaveProperty('mcp-session-id');
      expect(rawHeaders.join()).not.toContain('key-of-user-1');
    }
    expect(modern.seen[1].headers['mcp-name']).toBe('add');
    modern.seen.length = 0;
    await ask(proxy, { method: 'tools/list' }, { path: '/elsewhere' });
    expect(modern.seen[0].url).toBe('/elsewhere');
  });

  it('tells errors of JSON-RPC as the server did', async () => {
    proxy = await proxyTo([modern.origin]);
    const reply = await ask(proxy, { method: 'no/such/method', id: 5 });
    expect(reply).toMatchObject({
      status: 200,
      body: { status_code: 404, body: { jsonrpc: '2.0', id: 5, error: { code: -32601 } } },
    });
  });

  it('adds arguments to the headers once the server has asked for them', async () => {
    proxy = await proxyTo([modern.origin]);
    for (const region of ['us-west1', 'Zürich', ' padded ']) {
      expect(textOf(await ask(proxy, toolCall('region', { region })))).toBe(region);
    }
    expect(methodsAt(modern)).toEqual([
      'server/discover',
      'tools/call',
      'tools/list',
      'tools/call',
      'tools/call',
      'tools/call',
    ]);
    const sent = messagesAt(modern).map(({ headers }) => headers['mcp-param-region']);
    expect(sent.slice(1)).toEqual([
      undefined,
      undefined,
      'us-west1',
      '=?base64?WsO8cmljaA==?=',
      '=?base64?IHBhZGRlZCA=?=',
    ]);
  });

  it('adds arguments to the headers at once when the caller has asked for the tools', async () => {
    proxy = await proxyTo([modern.origin]);
    await ask(proxy, { method: 'tools/list' });
    expect(textOf(await ask(proxy, toolCall('region', { region: 'x' })))).toBe('x');
    expect(methodsAt(modern)).toEqual(['server/discover', 'tools/list', 'tools/call']);
  });

  it('gives a modern server’s question to the caller, who answers it with the next request', async () => {
    proxy = await proxyTo([modern.origin]);
    const meta = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } } };
    const question = await ask(proxy, toolCall('ask', {}, { _meta: meta }));
    const { result } = question.body.body ?? {};
    expect(result).toMatchObject({
      resultType: 'input_required',
      inputRequests: { name: { method: 'elicitation/create', params: { message: 'Who?' } } },
    });
    const inputResponses = { name: { action: 'accept', content: { name: 'Ada' } } };
    const more = { _meta: meta, inputResponses, requestState: result?.requestState };
    expect(textOf(await ask(proxy, toolCall('ask', {}, more)))).toContain('Ada');
  });
});

describe('the method inference', () => {
  const prompt = { model: 'llama-2', prompt: 'Hello' };

  it.each([
    ['the only tool with a usual name', prompt, 'generate'],
    ['the tool that the caller names', { ...prompt, tool: 'region', region: 'x' }, 'region'],
  ])('calls %s', async (_, params, name) => {
    proxy = await proxyTo([modern.origin]);
    const reply = await ask(proxy, { method: 'inference', params });
    expect(reply.body.status_code).toBe(200);
    const { message } = messagesAt(modern).at(-1) ?? {};
    const { tool: __, ...args } = { tool: undefined, ...params };
    expect(message).toMatchObject({ method: 'tools/call', params: { name, arguments: args } });
    expect(message?.params?.arguments).not.toHaveProperty('tool');
  });

  it('works at legacy servers', async () => {
    proxy = await proxyTo([legacy.origin]);
    expect(JSON.parse(textOf(await ask(proxy, { method: 'inference', params: prompt })))).toEqual(prompt);
  });

  it('is the server’s own refusal otherwise, with the tools that there are', async () => {
    proxy = await proxyTo([modern.origin]);
    const reply = await ask(proxy, { id: 3, method: 'inference', params: { tool: 'nothing' } });
    expect(reply.body.body).toMatchObject({
      id: 3,
      error: {
        code: -32601,
        data: { available_tools: ['add', 'slow', 'ask', 'region', 'generate'] },
      },
    });
  });
});
