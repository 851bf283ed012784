// Puts the MCP server at the given origin behind a daemon of its own: rents it as a machine of the operator, makes a
// pool of it, and prints a URL that leads to /mcp/{pool}. The suite cannot send headers, so a small server in front
// adds the key and changes nothing else.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const [origin] = process.argv.slice(2);
const root = new URL('../..', import.meta.url).pathname;
const folder = await mkdtemp(join(tmpdir(), 'gpuproxy-conformance-'));
const machine = { name: 'mcp', url: origin, gpu_model: 'none', vram_gb: 24, price_per_hour: 0.1 };

const daemon = spawn(process.execPath, [join(root, 'dist/src/main.js'), '-dv'], {
  cwd: folder,
  env: {
    PATH: process.env.PATH,
    SERVER_HOST: '127.0.0.1',
    SERVER_PORT: '0',
    GPU_POLL_INTERVAL: '200ms',
    RATE_LIMIT_PER_MINUTE: '0',
    STATIC_MACHINES: JSON.stringify([machine]),
  },
  stdio: ['ignore', 'pipe', 'pipe'],
});
daemon.on('exit', () => process.exit(1));
daemon.stderr.pipe(process.stderr);
const url = await readyUrl(daemon.stdout);

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, async () => {
    daemon.removeAllListeners('exit').kill('SIGTERM');
    await once(daemon, 'exit');
    await rm(folder, { recursive: true, force: true });
    process.exit(0);
  });
}

const person = { email: 'suite@example.com', password: 'secure-password' };
await call('POST', 'auth/register', { ...person, name: 'Suite' });
const { tokens } = await call('POST', 'auth/login', person);
const bearer = { authorization: `Bearer ${tokens.access_token}` };
const { api_key: key } = await call('POST', 'auth/apikey', { name: 'suite' }, bearer);
const auth = { 'x-api-key': key };
const { rental_id: rental } = await call('POST', 'gpu/instances/static/mcp', {}, auth);
await call('POST', 'gpu/pools', { name: 'suite', protocol: 'mcp', members: [rental] }, auth);
while (!(await call('GET', `gpu/rentals/${rental}`, undefined, auth)).serving) await delay(100);

const front = createServer((asked, answer) => {
  const target = `${url}/mcp/suite${new URL(asked.url, url).search}`;
  const headers = [...asked.rawHeaders, 'X-API-Key', key];
  const passed = request(target, { method: asked.method, headers, setHost: false, agent: false });
  passed.on('response', (response) => {
    answer.writeHead(response.statusCode, response.statusMessage, response.rawHeaders);
    answer.flushHeaders();
    response.on('error', () => answer.destroy());
    response.pipe(answer);
  });
  passed.on('error', () => answer.destroy());
  answer.on('close', () => passed.destroy());
  asked.pipe(passed);
}).listen(0, '127.0.0.1');
await once(front, 'listening');
process.stdout.write(`http://localhost:${front.address().port}/mcp\n`);

async function call(method, path, body, headers = {}) {
  const answer = await fetch(`${url}/api/v1/${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  const result = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(result)}`);
  return result;
}

/** What it writes goes on to stderr; its end without the line ends this process as well. */
function readyUrl(stream) {
  let text = '';
  return new Promise((resolve) => {
    stream.on('data', (chunk) => {
      process.stderr.write(chunk);
      text += chunk;
      const found = /listening on (http:[^\s"]+)/.exec(text);
      if (found) resolve(found[1]);
    });
  });
}
