// The yardstick: `ws` alone, which sends one Buffer to all its clients and does nothing else.
import { WebSocketServer } from 'ws';
import { repeat } from './pacing.mjs';

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false, backlog: 4096 });

process.on('message', async (order) => {
  if (order.kind === 'collect') globalThis.gc();
  else {
    const data = Buffer.from(order.text);
    await repeat(order, () => server.clients.forEach((client) => client.send(data, { binary: false })));
  }
  process.send({});
});
server.once('listening', () => process.send({ port: server.address().port }));
