// What streaming costs: events on /ws beside a bare `ws` server that broadcasts the same bytes, and tokens over the
// socket beside the same tokens over SSE through the same daemon. Interleaved, fresh processes in each round:
// `npm run bench:streaming`; BENCH_ROUNDS, BENCH_SUBSCRIBERS.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAccount, rentMachine } from './account.mjs';
import { rssKiB } from '../proxy/processes.mjs';
import { CORES, costOf, start } from './processes.mjs';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const SUBSCRIBERS = Number(process.env.BENCH_SUBSCRIBERS ?? 5000);
const EVENTS = { count: 20, everyMs: 100 };
const STREAMS = { streams: 100, tokens: 150, everyMs: 10 };
const FIRST_CHUNKS = 200;
/** A bare subscription is answered by `authenticated`, `subscribed` and a snapshot of each of the six channels. */
const ANSWERS = 8;

const sorted = (values) => values.toSorted((a, b) => a - b);
const median = (values) => sorted(values)[Math.floor(values.length / 2)];

async function startServers(folder) {
  const upstream = await start('upstream.mjs', CORES.work);
  const machine = {
    name: 'bench',
    url: `http://127.0.0.1:${upstream.ready.port}`,
    gpu_model: 'RTX 4090',
    vram_gb: 24,
  };
  const env = {
    ...process.env,
    SERVER_HOST: '127.0.0.1',
    SERVER_PORT: '0',
    DB_NAME: join(folder, 'gpuproxy.db'),
    JWT_SECRET: 'of the benchmark, and long enough for it',
    STATIC_MACHINES: JSON.stringify([machine]),
    SIGNUP_CREDITS: '1000',
    RATE_LIMIT_PER_MINUTE: '0',
    PROXY_RATE_LIMIT_PER_MINUTE: '0',
  };
  const daemon = await start('daemon.mjs', CORES.server, {
    env,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const bare = await start('bare-ws.mjs', CORES.server);
  const clients = await start('clients.mjs', CORES.work);
  return { upstream, daemon, bare, clients };
}

/** Opens the crowd and tells by how much the server's memory grew for each of its second half: the first uses up what was free. */
async function idleKiB(server, clients, crowd) {
  const half = SUBSCRIBERS / 2;
  await clients.ask({ kind: 'gather', ...crowd, count: half });
  await settle(server);
  const before = rssKiB(server.pid);
  await clients.ask({ kind: 'gather', ...crowd, count: SUBSCRIBERS });
  await settle(server);
  return (rssKiB(server.pid) - before) / half;
}

async function settle(server) {
  await new Promise((resolve) => setTimeout(resolve, 500));
  await server.ask({ kind: 'collect' });
}

/** Microseconds of the server's processor for one event and subscriber. */
async function eventMicros(server, clients, name, order) {
  await clients.ask({ kind: 'mark', name });
  const count = EVENTS.count * SUBSCRIBERS;
  const { cpuMicros, last } = await costOf(server, async () => {
    await server.ask({ ...EVENTS, ...order });
    return clients.ask({ kind: 'heard', name, count });
  });
  return { micros: cpuMicros / count, last };
}

async function tokenMicros(daemon, clients, order) {
  const { cpuMicros, tokens } = await costOf(daemon, () => clients.ask({ kind: 'tokens', ...order }));
  if (tokens !== STREAMS.streams * STREAMS.tokens) throw new Error(`${order.way}: ${tokens} tokens`);
  return cpuMicros / tokens;
}

async function measureEvents({ daemon, bare, clients }, headers) {
  const subscribe = { type: 'subscribe' };
  const ours = {
    name: 'ours',
    port: daemon.ready.port,
    path: '/ws',
    headers,
    say: subscribe,
    answers: ANSWERS,
  };
  const figures = {};
  figures.bareKiB = await idleKiB(bare, clients, {
    name: 'bare',
    port: bare.ready.port,
    path: '/',
    answers: 0,
  });
  figures.oursKiB = await idleKiB(daemon, clients, ours);
  const warm = { count: 3, everyMs: 100 };
  await daemon.ask({ ...warm, kind: 'market' });
  await bare.ask({ ...warm, text: 'warm' });
  const market = await eventMicros(daemon, clients, 'ours', { kind: 'market' });
  const plain = await eventMicros(bare, clients, 'bare', { text: market.last });
  const credits = await eventMicros(daemon, clients, 'ours', { kind: 'credits' });
  const again = await eventMicros(bare, clients, 'bare', { text: credits.last });
  Object.assign(figures, { market: market.micros, bareMarket: plain.micros });
  Object.assign(figures, { credits: credits.micros, bareCredits: again.micros });
  await clients.ask({ kind: 'dismiss', name: 'ours' });
  await clients.ask({ kind: 'dismiss', name: 'bare' });
  return figures;
}

async function measureTokens({ daemon, clients, upstream }, headers, { rentalId, instanceId }) {
  const path = `/api/v1/gpu/rentals/${rentalId}/proxy/v1/chat/completions`;
  const ask = (tokens, everyMs) => ({
    model: 'bench',
    messages: [{ role: 'user', content: 'What does a token cost on its way?' }],
    stream: true,
    max_tokens: tokens,
    every_ms: everyMs,
  });
  const proxied = { port: daemon.ready.port, path, headers, instanceId, streams: STREAMS.streams };
  const body = ask(STREAMS.tokens, STREAMS.everyMs);
  const figures = { http: [], socket: [] };
  const crowd = {
    name: 'askers',
    port: daemon.ready.port,
    path: '/ws',
    headers,
    count: STREAMS.streams,
    answers: 1,
  };
  await clients.ask({ kind: 'gather', ...crowd });
  for (let turn = 0; turn < 3; turn += 1) {
    figures.http.push(await tokenMicros(daemon, clients, { ...proxied, body, way: 'http' }));
    figures.socket.push(
      await tokenMicros(daemon, clients, { ...proxied, body, way: 'socket', name: 'askers' }),
    );
  }
  const short = ask(2, 1);
  const order = {
    rounds: FIRST_CHUNKS,
    direct: { port: upstream.ready.port, path: '/v1/chat/completions', body: short },
    proxied: { ...proxied, body: short },
  };
  await clients.ask({ kind: 'firstChunks', ...order, rounds: 50 });
  const times = await clients.ask({ kind: 'firstChunks', ...order });
  const added = (way) => median(times[way]) - median(times.direct);
  // The first turn warms up.
  const [, ...http] = figures.http;
  const [, ...socket] = figures.socket;
  return {
    http: median(http),
    socket: median(socket),
    httpFirst: added('http'),
    socketFirst: added('socket'),
  };
}

async function round() {
  const folder = mkdtempSync(join(tmpdir(), 'gpuproxy-bench-'));
  const servers = await startServers(folder);
  try {
    const key = await openAccount(servers.daemon.ready.url);
    const rental = await rentMachine(servers.daemon.ready.url, key);
    const headers = { 'x-api-key': key };
    return {
      ...(await measureEvents(servers, headers)),
      ...(await measureTokens(servers, headers, rental)),
    };
  } finally {
    await Promise.all(Object.values(servers).map(({ stop }) => stop()));
    rmSync(folder, { recursive: true });
  }
}

const rounds = [];
for (let done = 0; done < ROUNDS; done += 1) rounds.push(await round());

const all = (name) => rounds.map((figures) => figures[name]);
function print(what, unit, ours, theirs, digits = 2) {
  const ratios = rounds.map((figures) => figures[ours] / figures[theirs]);
  const range = (values) =>
    `${median(values).toFixed(digits)} (${sorted(values)
      .map((value) => value.toFixed(digits))
      .join(', ')})`;
  process.stdout.write(
    `| ${what} | ${range(all(ours))} ${unit} | ${range(all(theirs))} ${unit} | ${range(ratios)} |\n`,
  );
}
process.stdout.write(`${SUBSCRIBERS} subscribers, ${ROUNDS} rounds: median (rounds)\n\n`);
process.stdout.write('| what | GPU Proxy | yardstick | ratio |\n|---|--:|--:|--:|\n');
print('CPU per market event and subscriber, beside bare ws', 'µs', 'market', 'bareMarket');
print('CPU per kept event and subscriber, beside bare ws', 'µs', 'credits', 'bareCredits');
print('RSS per idle subscriber of all channels, beside bare ws', 'KiB', 'oursKiB', 'bareKiB');
print('CPU per token over the socket, beside SSE', 'µs', 'socket', 'http');
print('added to the first chunk, p50, socket beside SSE', 'ms', 'socketFirst', 'httpFirst');
