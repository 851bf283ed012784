// Everything that clients do, in a process of its own, by orders.
import { request, Agent } from 'node:http';
import { SocketClient } from './socket-client.mjs';

const AT_ONCE = 100;
const crowds = new Map();
const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
const now = () => performance.now();

/** Opens sockets until the crowd has so many, and says the same on each. */
async function gather({ name, port, count, path, headers, say, answers }) {
  const clients = crowds.get(name) ?? [];
  while (clients.length < count) {
    const some = Array.from(
      { length: Math.min(AT_ONCE, count - clients.length) },
      () => new SocketClient(port),
    );
    await Promise.all(some.map((client) => client.open(path, headers)));
    for (const client of some) if (say) client.send(say);
    clients.push(...some);
    await until(() => some.every((client) => client.count >= answers));
  }
  crowds.set(name, clients);
  return {};
}

function dismiss({ name }) {
  crowds.get(name).forEach(({ socket }) => socket.destroy());
  crowds.delete(name);
  return {};
}

const total = (name) => crowds.get(name).reduce((sum, client) => sum + client.count, 0);

/** Waits until the crowd has heard so many messages more than when `mark` was called. */
const marks = new Map();
function mark({ name }) {
  marks.set(name, total(name));
  return {};
}
async function heard({ name, count }) {
  const wanted = marks.get(name) + count;
  await until(() => total(name) >= wanted);
  const [first] = crowds.get(name);
  return { surplus: total(name) - wanted, last: first.last?.toString() };
}

async function until(isSo) {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Counts the tokens of an answer over HTTP; `onFirst` is called with the first. */
function overHttp({ port, path, headers, body }, onFirst = () => undefined) {
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', method: 'POST', path, agent };
    const asking = request({ ...options, headers: { 'content-type': 'application/json', ...headers } });
    asking.on('response', (answer) => {
      let tokens = 0;
      answer.on('data', (data) => {
        if (tokens === 0) onFirst();
        tokens += data.toString('latin1').split('" token"').length - 1;
      });
      answer.on('end', () => resolve(tokens));
    });
    asking.on('error', reject);
    asking.end(JSON.stringify(body));
  });
}

let inferences = 0;
function overSocket(client, { instanceId, body }, onFirst = () => undefined) {
  const id = String((inferences += 1));
  return new Promise((resolve) => {
    let tokens = 0;
    client.onMessage = (payload) => {
      const text = payload.toString('latin1');
      if (text.startsWith('{"type":"chunk"')) {
        if (tokens === 0) onFirst();
        tokens += 1;
      } else if (/^\{"type":"(?:completed|failed)"/.test(text)) resolve(tokens);
    };
    client.send({ type: 'infer', id, protocol: 'openai', instance_id: instanceId, body });
  });
}

async function open(count, { port, headers }) {
  const clients = Array.from({ length: count }, () => new SocketClient(port));
  return Promise.all(clients.map((client) => client.open('/ws', headers)));
}

const ways = {
  http: async (order) => {
    const asked = Array.from({ length: order.streams }, () => overHttp(order));
    return Promise.all(asked);
  },
  socket: async (order) => Promise.all(crowds.get(order.name).map((client) => overSocket(client, order))),
};

/** Many answers at once. */
async function tokens(order) {
  const counts = await ways[order.way](order);
  return { tokens: counts.reduce((sum, count) => sum + count, 0) };
}

async function timed(ask) {
  const begun = now();
  let first = 0;
  await ask(() => (first = now() - begun));
  return first;
}

/** One answer after the other: milliseconds until the first token, by way. */
async function firstChunks({ rounds, direct, proxied }) {
  const times = { direct: [], http: [], socket: [] };
  const [client] = await open(1, proxied);
  for (let round = 0; round < rounds; round += 1) {
    times.direct.push(await timed((onFirst) => overHttp(direct, onFirst)));
    times.http.push(await timed((onFirst) => overHttp(proxied, onFirst)));
    times.socket.push(await timed((onFirst) => overSocket(client, proxied, onFirst)));
  }
  client.socket.destroy();
  return times;
}

const ORDERS = { gather, dismiss, mark, heard, tokens, firstChunks };
process.on('message', async ({ kind, ...order }) => process.send(await ORDERS[kind](order)));
process.send({});
