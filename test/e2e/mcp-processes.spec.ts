import { afterAll, beforeAll, expect, it } from 'vitest';
import { at, rentAt } from '../support/gpu-caller.js';
import { toolCall, type EnvelopeReply } from '../support/mcp-envelopes.js';
import { openGpuLab, type GpuLab, type LabDaemon } from '../support/gpu-lab.js';
import { ACCEPT, call, INITIALIZE, inSession } from '../support/mcp-proxies.js';
import { startLegacyServer, type LegacyTestServer } from '../support/mcp-servers.js';
import { untilServing } from '../support/rental-views.js';
import { eventually, signUp, type ApiCaller, type Reply } from '../support/running-daemon.js';

let servers: LegacyTestServer[];
let lab: GpuLab;
let daemons: LabDaemon[];
let ada: ApiCaller;
let grace: ApiCaller;
let rentals: string[];

beforeAll(async () => {
  servers = [await startLegacyServer(), await startLegacyServer(), await startLegacyServer()];
  const machines = servers.map(({ origin }, index) => ({
    name: `mcp-${index}`,
    url: origin,
    gpu_model: 'RTX 4090',
    vram_gb: 24,
    price_per_hour: 0.1,
  }));
  lab = await openGpuLab('postgres', { STATIC_MACHINES: JSON.stringify(machines) });
  daemons = [await lab.start(), await lab.start()];
  [ada, grace] = [await signUp(daemons[0].url), await signUp(daemons[0].url)];
  rentals = [(await rentAt(ada, 'static')).id, (await rentAt(ada, 'static')).id];
  await rentAt(grace, 'static');
  await untilServing(ada, 2);
  await untilServing(grace, 1);
  for (const caller of [ada, grace]) {
    await caller.post('/api/v1/gpu/pools', { name: 'tools', protocol: 'mcp', mcp_path: '/mcp' });
  }
  await ada.send('PATCH', '/api/v1/gpu/pools/tools', { members: rentals });
  for (const { url } of daemons) {
    await eventually(async () => (await mcp(at(ada, url), INITIALIZE)).status === 200);
    await eventually(async () => (await mcp(at(grace, url), INITIALIZE, {}, 'default')).status === 200);
  }
});

afterAll(async () => {
  await lab.close();
  await Promise.all(servers.map((server) => server.close()));
});

function mcp(caller: ApiCaller, body: object, headers = {}, pool = 'tools'): Promise<Reply<string>> {
  return caller.post<string>(`/mcp/${pool}`, JSON.stringify(body), { ...ACCEPT, ...headers });
}

async function initialize(caller: ApiCaller): Promise<{ sessionId: string; instance: string }> {
  const { headers } = await mcp(caller, INITIALIZE);
  return {
    sessionId: headers.get('mcp-session-id') ?? '',
    instance: headers.get('x-gpuproxy-instance') ?? '',
  };
}

it('a session begun at one process goes on at the other, with its instance', async () => {
  for (let round = 1; round <= 4; round++) {
    const { sessionId, instance } = await initialize(ada);
    for (const [count, { url }] of [...daemons, ...daemons].entries()) {
      const answer = await mcp(at(ada, url), call('count'), inSession(sessionId));
      expect(answer.headers.get('x-gpuproxy-instance')).toBe(instance);
      expect(answer.body).toContain(`"text":"${count + 1}"`);
    }
  }
});

it('gpu/proxy begins sessions that go on at the other process, there and in /mcp', async () => {
  const envelope = (caller: ApiCaller, more: object): Promise<Reply<EnvelopeReply['body']>> =>
    caller.post('/api/v1/gpu/proxy', { protocol: 'mcp', pool: 'tools', body: toolCall('count'), ...more });
  const begun = await envelope(ada, { session: 'new' });
  const sessionId = begun.body.headers['mcp-session-id'];
  const [, other] = daemons;
  const gone = await envelope(at(ada, other.url), { session_id: sessionId });
  expect(gone.body).toMatchObject({
    body: { result: { content: [{ text: '2' }] } },
    instance_id: begun.body.instance_id,
  });
  const direct = await mcp(at(ada, other.url), call('count'), inSession(sessionId));
  expect(direct.body).toContain('"text":"3"');
  const stolen = await envelope(grace, { session_id: sessionId });
  expect([stolen.status, stolen.body.code]).toEqual([404, 'session_not_found']);
});

it('nobody else can use it, not even by its id, and cannot end it', async () => {
  const { sessionId } = await initialize(ada);
  for (const { url } of daemons) {
    for (const pool of ['default', 'tools']) {
      const stolen = await mcp(at(grace, url), call('count'), inSession(sessionId), pool);
      expect(stolen).toMatchObject({
        status: 404,
        body: { jsonrpc: '2.0', error: { data: { code: 'session_not_found' } } },
      });
    }
    const ended = await at(grace, url).send('DELETE', '/mcp/default', undefined, inSession(sessionId));
    expect(ended.status).toBe(404);
  }
  expect((await mcp(ada, call('count'), inSession(sessionId))).status).toBe(200);
});

it('ended at one process it is unknown at the other', async () => {
  const { sessionId } = await initialize(ada);
  const ended = await ada.send('DELETE', '/mcp/tools', undefined, inSession(sessionId));
  expect(ended.status).toBe(200);
  const [, other] = daemons;
  await eventually(async () => {
    const answer = await mcp(at(ada, other.url), call('count'), inSession(sessionId));
    return answer.status === 404;
  });
});

it('is a 404 once its rental is gone, and a new one begins elsewhere', async () => {
  const { sessionId, instance } = await initialize(ada);
  await ada.delete(`/api/v1/gpu/instances/static/${instance}`);
  for (const { url } of daemons) {
    const caller = at(ada, url);
    await eventually(async () => (await mcp(caller, call('count'), inSession(sessionId))).status === 404);
    // A process follows what others change within a second.
    const next = await eventually(async () => {
      const begun = await initialize(caller);
      return begun.sessionId !== '' && begun.instance !== instance && begun;
    });
    expect((await mcp(caller, call('count'), inSession(next.sessionId))).body).toContain('"text":"1"');
  }
});
