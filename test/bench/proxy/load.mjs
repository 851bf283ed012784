// The load, in a process of its own: one JSON line of orders in, one JSON line of figures out, again and again.
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
const summary = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  return { p50: percentile(sorted, 0.5) ?? 0, p99: percentile(sorted, 0.99) ?? 0 };
};
const headOf = ({ method, path, headers = {} }, length) =>
  `${method} ${path} HTTP/1.1\r\nHost: bench\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}${length === undefined ? '' : `Content-Length: ${length}\r\n`}\r\n`;

/** Closed loop: each connection asks again as soon as it has its answer. */
function requests(order) {
  const body = order.body ?? '';
  const message = Buffer.from(headOf(order, body === '' ? undefined : body.length) + body);
  const end = performance.now() + order.seconds * 1000;
  const times = [];
  let failures = 0;
  const worker = () =>
    new Promise((resolve) => {
      const socket = connect(order.port, '127.0.0.1');
      let startedAt = 0;
      let received = [];
      let missing = 0;
      const ask = () => {
        if (performance.now() >= end) return socket.destroy();
        startedAt = performance.now();
        socket.write(message);
      };
      const done = (isGood) => {
        if (isGood) times.push(performance.now() - startedAt);
        else failures += 1;
        received = [];
        missing = 0;
        ask();
      };
      socket.setNoDelay(true);
      socket.on('connect', ask);
      socket.on('data', (data) => {
        if (missing > 0) {
          missing -= data.length;
          if (missing <= 0) done(true);
          return;
        }
        const head = received.length > 0 ? Buffer.concat([...received, data]) : data;
        const at = head.indexOf(END_OF_HEAD);
        if (at < 0) return received.push(data);
        const lines = head.toString('latin1', 0, at);
        if (!lines.startsWith('HTTP/1.1 200')) return done(false);
        missing = Number(/content-length: *(\d+)/i.exec(lines)?.[1]) - (head.length - at - 4);
        if (!(missing > 0)) done(true);
      });
      socket.on('error', () => (failures += 1));
      socket.on('close', resolve);
    });
  return Promise.all(Array.from({ length: order.connections }, worker)).then(() => ({
    requests: times.length,
    failures,
    ...summary(times),
  }));
}

/** So many streams of events at once; each event tells when it was sent. */
async function streams(order) {
  const message = headOf(order);
  const delays = [];
  const firsts = [];
  let whole = 0;
  const one = () =>
    new Promise((resolve) => {
      const socket = connect(order.port, '127.0.0.1');
      let startedAt = 0;
      let events = 0;
      socket.on('connect', () => {
        startedAt = performance.now();
        socket.write(message);
      });
      socket.on('data', (data) => {
        const now = process.hrtime.bigint();
        const text = data.toString('latin1');
        for (const [, at] of text.matchAll(/"at":"(\d+)"/g)) {
          events += 1;
          if (events === 1) firsts.push(performance.now() - startedAt);
          else delays.push(Number(now - BigInt(at)) / 1e6);
        }
        if (text.includes('0\r\n\r\n')) socket.destroy();
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        if (events === order.events) whole += 1;
        resolve();
      });
    });
  const started = [];
  for (let index = 0; index < order.streams; index += 1) {
    started.push(one());
    if (index % 50 === 49) await new Promise((resolve) => setTimeout(resolve, order.rampMs ?? 10));
  }
  await Promise.all(started);
  return { whole, first: summary(firsts), delay: summary(delays) };
}

/** One large body down or up; megabytes per second. */
function bulk(order) {
  return new Promise((resolve) => {
    const socket = connect(order.port, '127.0.0.1');
    const startedAt = performance.now();
    let left = order.bytes;
    let received = 0;
    const block = Buffer.alloc(65_536, 'x');
    const fill = () => {
      while (left > 0) {
        const part = block.subarray(0, Math.min(left, block.length));
        left -= part.length;
        if (!socket.write(part)) return;
      }
    };
    const isUp = order.method === 'POST';
    socket.on('connect', () => {
      socket.write(headOf(order, isUp ? order.bytes : undefined));
      if (isUp) fill();
    });
    socket.on('drain', () => isUp && fill());
    socket.on('data', (data) => {
      received += data.length;
      if (isUp ? data.includes('"bytes"') : received >= order.bytes) socket.destroy();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      const isWhole = isUp ? left === 0 && received > 0 : received >= order.bytes;
      const seconds = (performance.now() - startedAt) / 1000;
      resolve({ isWhole, megabytesPerSecond: order.bytes / 1e6 / seconds });
    });
  });
}

const KINDS = { requests, streams, bulk };
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(await KINDS[order.kind](order))}\n`);
}
