// What a proxied request costs, beside nginx (where it is installed) and a bare node:http + undici.dispatch proxy, in
// interleaved rounds: `npm run bench:proxy`. All proxies run on one core, load and upstream on the other. Figures of
// one run compare with each other and with nothing else: BENCH_SECONDS, BENCH_ROUNDS, BENCH_ONLY=requests,sse,bulk.
import { cpus } from 'node:os';
import { join } from 'node:path';
import { cpuMicros, peakKiB, resetPeak, rssKiB, startPinned } from './processes.mjs';
import { hasNginx, startBareDispatch, startGpuProxy, startNginx } from './targets.mjs';

const SECONDS = Number(process.env.BENCH_SECONDS ?? 4);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const ONLY = new Set((process.env.BENCH_ONLY ?? 'requests,sse,bulk').split(','));
/** Until the compiler has seen enough: the more a proxy does, the longer that takes. */
const WARM_SECONDS = Number(process.env.BENCH_WARM_SECONDS ?? 10);
const LOAD_CORE = 0;
const MACHINES = 8;
const BODY = JSON.stringify({
  model: 'bench',
  messages: [{ role: 'user', content: 'What costs a request on its way? '.repeat(7) }],
});
const BROWSER_LIKE = { Accept: '*/*', 'User-Agent': 'bench', 'Content-Type': 'application/json' };

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const print = (line) => void process.stdout.write(`${line}\n`);
const row = (cells) => print(`| ${cells.join(' | ')} |`);
const table = (titles) => {
  print('');
  row(titles);
  print(`|${titles.map((_, index) => (index === 0 ? '---' : '--:')).join('|')}|`);
};

const running = [];
/** Whatever happens later, what was started is stopped. */
const keep = (started) => {
  running.unshift(started);
  return started;
};
const start = async (file, ...args) =>
  keep(await startPinned(LOAD_CORE, process.execPath, [join(import.meta.dirname, file), ...args]));

let load;
let upstreams;
let targets;

async function startAll() {
  const upstream = await start('upstream.mjs', String(MACHINES));
  upstreams = JSON.parse(await upstream.next());
  load = await start('load.mjs');
  const nginx = hasNginx() ? [keep(await startNginx(upstreams))] : [];
  targets = [...nginx, keep(await startBareDispatch(upstreams)), keep(await startGpuProxy(upstreams))];
}

async function order(what) {
  load.child.stdin.write(`${JSON.stringify(what)}\n`);
  return JSON.parse(await load.next());
}

/** The orders that a target understands. */
const towards = (target, what) => ({
  port: target.port,
  headers: { ...BROWSER_LIKE, ...target.headers, ...what.headers },
  ...what,
  path: `${what.prefix ?? target.prefix}${what.path}`,
});

/** Runs an order and tells what it took of the target's processor. */
async function measured(target, what) {
  const before = cpuMicros(target.pid);
  const figures = await order(towards(target, what));
  return { ...figures, cpu: cpuMicros(target.pid) - before };
}

const ratio = (rounds, name, other) => {
  const both = rounds.filter((round) => round[name] !== undefined && round[other] !== undefined);
  return both.length === 0 ? '–' : median(both.map((round) => round[name] / round[other])).toFixed(2);
};

async function benchRequests() {
  const chat = { kind: 'requests', method: 'POST', path: '/v1/chat/completions', body: BODY };
  const own = targets.at(-1);
  const cases = targets.map((target) => ({ name: target.name, target, what: chat }));
  cases.push({ name: 'GPU Proxy, /v1 by model', target: own, what: { ...chat, prefix: '' } });
  const rounds = [];
  const last = new Map();
  for (const { target, what } of cases)
    await measured(target, { ...what, connections: 64, seconds: WARM_SECONDS });
  for (let index = 0; index < ROUNDS; index += 1) {
    const round = {};
    for (const { name, target, what } of cases) {
      const busy = await measured(target, { ...what, connections: 64, seconds: SECONDS });
      const calm = await measured(target, { ...what, connections: 1, seconds: 0.5 });
      if (busy.failures + calm.failures > 0) throw new Error(`${name}: ${busy.failures} requests failed`);
      round[name] = busy.cpu / busy.requests;
      last.set(name, [...(last.get(name) ?? []), { perSecond: busy.requests / SECONDS, calm: calm.p50 }]);
    }
    rounds.push(round);
  }
  table([
    'CPU of one request',
    'µs',
    '× nginx',
    '× bare dispatch',
    'requests/s, 64 at once',
    'p50 ms, one at a time',
  ]);
  for (const { name } of cases) {
    const cells = [median(rounds.map((round) => round[name])).toFixed(1), ratio(rounds, name, 'nginx')];
    cells.push(ratio(rounds, name, targets.at(-2).name));
    cells.push(Math.round(median(last.get(name).map(({ perSecond }) => perSecond))));
    row([name, ...cells, median(last.get(name).map(({ calm }) => calm)).toFixed(3)]);
  }
}

async function benchStreams() {
  const direct = { name: 'direct', port: upstreams[0], prefix: '', headers: {} };
  const sse = (streams, events) => ({
    kind: 'streams',
    method: 'GET',
    path: `/sse/${events}/50`,
    streams,
    events,
  });
  const rounds = [];
  const rows = new Map(targets.map(({ name }) => [name, []]));
  for (let index = 0; index < Math.min(ROUNDS, 3); index += 1) {
    const round = {};
    const straight = await order(towards(direct, sse(200, 20)));
    for (const target of targets) {
      const few = await measured(target, sse(200, 20));
      const before = rssKiB(target.pid);
      resetPeak(target.pid);
      const many = await measured(target, sse(1000, 100));
      const grown = peakKiB(target.pid) - before;
      round[target.name] = many.cpu / 100_000;
      rows.get(target.name).push({
        lost: 1000 - many.whole + 200 - few.whole,
        first: few.first.p50 - straight.first.p50,
        grown: grown / 1000,
        delay: many.delay.p99,
      });
    }
    rounds.push(round);
  }
  const most = new Map();
  for (const target of targets) most.set(target.name, await measured(target, sse(2000, 60)));
  table([
    '1,000 streams, 20 events/s',
    'CPU µs/event',
    '× nginx',
    '× bare dispatch',
    'streams/core',
    'first event added, p50 ms',
    'KiB/stream',
    'lost',
    'lost of 2,000',
  ]);
  for (const { name } of targets) {
    const micros = median(rounds.map((round) => round[name]));
    const of = (key) => rows.get(name).map((figures) => figures[key]);
    row([
      name,
      micros.toFixed(1),
      ratio(rounds, name, 'nginx'),
      ratio(rounds, name, targets.at(-2).name),
      Math.round(1e6 / micros / 20),
      median(of('first')).toFixed(2),
      // Only the first round begins with a heap that has not grown yet.
      of('grown')[0].toFixed(0),
      Math.max(...of('lost')),
      2000 - most.get(name).whole,
    ]);
  }
}

async function speedOf(target, what) {
  const { isWhole, megabytesPerSecond } = await order(towards(target, what));
  if (!isWhole) throw new Error(`${target.name}: a body was cut`);
  return megabytesPerSecond;
}

async function benchBulk() {
  const bytes = 64 * 1_048_576;
  const down = { kind: 'bulk', method: 'GET', path: `/bytes/${bytes}`, bytes };
  const up = { kind: 'bulk', method: 'POST', path: '/sink', bytes };
  table(['64 MiB', 'down MB/s', 'up MB/s', 'RSS grown by, MiB']);
  for (const target of targets) {
    for (const what of [down, up]) await order(towards(target, what));
    const before = rssKiB(target.pid);
    resetPeak(target.pid);
    const figures = { down: [], up: [] };
    for (let index = 0; index < ROUNDS; index += 1) {
      figures.down.push(await speedOf(target, down));
      figures.up.push(await speedOf(target, up));
    }
    const grown = (peakKiB(target.pid) - before) / 1024;
    row([target.name, median(figures.down).toFixed(0), median(figures.up).toFixed(0), grown.toFixed(1)]);
  }
}

try {
  await startAll();
  print(`${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}`);
  if (ONLY.has('requests')) await benchRequests();
  if (ONLY.has('sse')) await benchStreams();
  if (ONLY.has('bulk')) await benchBulk();
} finally {
  for (const { stop } of running) await stop();
}
