// The yardstick among Node proxies: node:http in front, undici.dispatch behind, bodies streamed, and nothing else.
// `node bare-dispatch.mjs http://127.0.0.1:PORT`
import { createServer } from 'node:http';
import { Pool } from 'undici';

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'host',
]);
const pool = new Pool(process.argv[2], { connections: null, pipelining: 1, keepAliveTimeout: 60_000 });

function endToEnd(pairs) {
  const kept = [];
  for (let index = 0; index < pairs.length; index += 2) {
    const name = pairs[index].toString('latin1');
    if (!HOP_BY_HOP.has(name.toLowerCase())) kept.push(name, pairs[index + 1].toString('latin1'));
  }
  return kept;
}

class Relay {
  constructor(response) {
    this.response = response;
    response.on('close', () => this.isOver || this.abort?.());
  }
  onConnect(abort) {
    this.abort = abort;
  }
  onHeaders(status, headers, resume, reason) {
    if (status < 200) return true;
    this.resume = resume;
    this.response.writeHead(status, reason, endToEnd(headers));
    return true;
  }
  onData(chunk) {
    if (this.response.write(chunk)) return true;
    this.response.once('drain', this.resume);
    return false;
  }
  onComplete() {
    this.isOver = true;
    this.response.end();
  }
  onError(error) {
    this.isOver = true;
    if (this.response.headersSent) this.response.destroy(error);
    else this.response.writeHead(502).end();
  }
}

const server = createServer((request, response) => {
  const { method, url: path, rawHeaders } = request;
  const body = method === 'GET' || method === 'HEAD' ? null : request;
  pool.dispatch(
    { method, path, headers: endToEnd(rawHeaders), body, headersTimeout: 0, bodyTimeout: 0 },
    new Relay(response),
  );
});
server.listen(0, '127.0.0.1', 4096, () =>
  process.stdout.write(`${JSON.stringify([server.address().port])}\n`),
);
