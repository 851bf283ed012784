// The proxies that are compared: each is started on its own core's share and forwards to the fake upstream.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPinned } from './processes.mjs';

const HERE = import.meta.dirname;
const ROOT = join(HERE, '..', '..', '..');
const PROXY_CORE = 1;

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function startBareDispatch([upstream]) {
  const origin = `http://127.0.0.1:${upstream}`;
  const running = await startPinned(PROXY_CORE, process.execPath, [join(HERE, 'bare-dispatch.mjs'), origin]);
  const [port] = JSON.parse(await running.next());
  return { name: 'bare node:http + undici.dispatch', port, prefix: '', headers: {}, ...running };
}

export async function startNginx([upstream]) {
  const folder = mkdtempSync(join(tmpdir(), 'gpuproxy-bench-'));
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr crit;
events { worker_connections 8192; }
http {
  access_log off; client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder};
  uwsgi_temp_path ${folder}; scgi_temp_path ${folder}; keepalive_requests 100000000; client_max_body_size 0;
  upstream machines { server 127.0.0.1:${upstream}; keepalive 4096; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://machines; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_request_buffering off; proxy_read_timeout 300s;
    }
  }
}`,
  );
  const running = await startPinned(PROXY_CORE, 'nginx', ['-p', folder, '-c', file]);
  await untilListening(port);
  const stop = async () => {
    await running.stop();
    rmSync(folder, { recursive: true });
  };
  return { name: 'nginx', port, prefix: '', headers: {}, ...running, stop };
}

export function hasNginx() {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function untilListening(port) {
  for (;;) {
    try {
      await fetch(`http://127.0.0.1:${port}/`);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** The daemon as it is shipped: keys, limits, eight machines behind one pool, every request paid for. */
export async function startGpuProxy(upstreams) {
  const folder = mkdtempSync(join(tmpdir(), 'gpuproxy-bench-'));
  const port = await freePort();
  const machines = upstreams.map((upstream, index) => ({
    name: `machine-${index}`,
    url: `http://127.0.0.1:${upstream}`,
    gpu_model: 'RTX 4090',
    vram_gb: 24,
  }));
  const env = {
    ...process.env,
    NODE_ENV: 'production',
    SERVER_HOST: '127.0.0.1',
    SERVER_PORT: String(port),
    DB_NAME: join(folder, 'gpuproxy.db'),
    JWT_SECRET: 'of the benchmark, and long enough for it',
    STATIC_MACHINES: JSON.stringify(machines),
    SIGNUP_CREDITS: '1000',
    PRICE_PER_REQUEST: '0.000001',
    PROXY_RATE_LIMIT_PER_MINUTE: '100000000',
    LB_STRATEGY: 'least_connections',
    LOG_LEVEL: 'error',
    ...JSON.parse(process.env.BENCH_ENV ?? '{}'),
  };
  const flags = (process.env.BENCH_NODE_FLAGS ?? '').split(' ').filter(Boolean);
  const args = [...flags, join(ROOT, 'dist', 'src', 'main.js')];
  const running = await startPinned(PROXY_CORE, process.execPath, args, { env, cwd: folder });
  running.child.stdout.resume();
  const stop = async () => {
    await running.stop();
    rmSync(folder, { recursive: true });
  };
  const url = `http://127.0.0.1:${port}`;
  let key;
  try {
    await untilListening(port);
    key = await openAccount(url);
    await rentAll(url, key, machines.length);
  } catch (error) {
    await stop();
    throw error;
  }
  const prefix = '/api/v1/gpu/pools/bench/proxy';
  return { name: 'GPU Proxy', port, prefix, headers: { 'X-API-Key': key }, ...running, stop };
}

async function ask(url, init) {
  const answer = await fetch(url, init);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

const post = (url, headers, body) =>
  ask(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

async function openAccount(url) {
  const person = { email: 'bench@example.com', password: 'a password of the benchmark' };
  await post(`${url}/api/v1/auth/register`, {}, { ...person, name: 'Bench' });
  const { tokens } = await post(`${url}/api/v1/auth/login`, {}, person);
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  const { api_key: key } = await post(`${url}/api/v1/auth/apikey`, headers, { name: 'bench' });
  return key;
}

async function rentAll(url, key, count) {
  const headers = { 'x-api-key': key };
  await post(`${url}/api/v1/gpu/instances/reserve`, headers, { count, pool: 'bench' });
  for (;;) {
    const { rentals } = await ask(`${url}/api/v1/gpu/rentals`, { headers });
    if (rentals.filter(({ state }) => state === 'running').length >= count) {
      const probe = await fetch(`${url}/api/v1/gpu/pools/bench/proxy/v1/models`, { headers });
      if (probe.status === 200) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
