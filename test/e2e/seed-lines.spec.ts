import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  program,
  requireBuild,
  runShell,
  startDaemonProcess,
  type DaemonProcess,
  type Finished,
} from '../support/built-programs.js';
import { createTempFolder, type TempFolder } from '../support/temp-folder.js';

/** Every command line of the user's own document that concerns renting, balancing and proxying, as printed there. */
describe('the command lines of the document', () => {
  let folder: TempFolder;
  let daemon: DaemonProcess;
  let token = '';
  let key = '';

  beforeAll(async () => {
    requireBuild();
    folder = await createTempFolder('seed');
    await copyFile(join(import.meta.dirname, '..', '..', '.env.example'), join(folder.path, '.env'));
    daemon = await startDaemonProcess(folder.path, ['-dv', '-dm'], { SANDBOX_TIME_SCALE: '600' });
  });
  afterAll(async () => {
    await daemon.stop();
    await folder.remove();
  });

  /** Only the address, the placeholders and the programs' folder differ from the document. */
  const run = (line: string): Promise<Finished> =>
    runShell(
      line
        .replaceAll('http://localhost:8080', daemon.url)
        .replaceAll('YOUR_JWT_TOKEN', token)
        .replaceAll(/YOUR_API_KEY|\$KEY/g, key)
        .replaceAll(/\.\/bin\/([\w-]+)/g, (_, name: string) => program(name)),
      { cwd: folder.path, env: { GPUPROXY_API_URL: daemon.url } },
    );

  const json = async <T>(line: string): Promise<T> => JSON.parse((await run(line)).stdout) as T;

  it('registers a user', async () => {
    const answer = await json<{
      user: { email: string };
    }>(`curl -s -X POST http://localhost:8080/api/v1/auth/register \\
  -H "Content-Type: application/json" \\
  -d '{
    "email": "user@example.com",
    "password": "secure-password",
    "name": "John Doe"
  }'`);
    expect(answer.user.email).toBe('user@example.com');
  });

  it('logs in', async () => {
    const answer = await json<{ tokens: { access_token: string; token_type: string } }>(
      `curl -s -X POST http://localhost:8080/api/v1/auth/login \\
  -H "Content-Type: application/json" \\
  -d '{
    "email": "user@example.com",
    "password": "secure-password"
  }'`,
    );
    expect(answer.tokens.token_type).toBe('Bearer');
    token = answer.tokens.access_token;
  });

  it('creates an API key', async () => {
    const answer = await json<{ api_key: string; name: string }>(
      `curl -s -X POST http://localhost:8080/api/v1/auth/apikey \\
  -H "Authorization: Bearer YOUR_JWT_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{
    "name": "My API Key"
  }'`,
    );
    expect(answer.name).toBe('My API Key');
    key = answer.api_key;
  });

  it.each([
    ['curl -s -H "X-API-Key: YOUR_API_KEY" \\\n  http://localhost:8080/api/v1/gpu/instances', 50],
    [
      'curl -s -H "X-API-Key: YOUR_API_KEY" \\\n  http://localhost:8080/api/v1/gpu/instances?provider=vast.ai',
      20,
    ],
    [
      'curl -s -H "X-API-Key: YOUR_API_KEY" \\\n  "http://localhost:8080/api/v1/gpu/instances?min_vram=16&max_price=1.5"',
      10,
    ],
  ])('lists GPUs: %s', async (line, atLeast) => {
    const answer = await json<{ instances: unknown[]; count: number }>(line);
    expect(answer.count).toBe(answer.instances.length);
    expect(answer.count).toBeGreaterThan(atLeast);
  });

  it('creates and destroys an instance by offer and contract id', async () => {
    const { instances } = await json<{ instances: { id: string }[] }>(
      'curl -s -H "X-API-Key: YOUR_API_KEY" "http://localhost:8080/api/v1/gpu/instances?provider=vast.ai&limit=1"',
    );
    const offer = instances[0].id.replace('vast-', '');
    const created = await json<{ contract_id: string; provider: string }>(`curl -s -X POST \\
  -H "X-API-Key: YOUR_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"image": "nvidia/cuda:12.0.0-base-ubuntu22.04"}' \\
  http://localhost:8080/api/v1/gpu/instances/vast.ai/${offer}`);
    expect(created.provider).toBe('vast.ai');
    const destroyed = await json<{ message: string; state: string }>(`curl -s -X DELETE \\
  -H "X-API-Key: YOUR_API_KEY" \\
  http://localhost:8080/api/v1/gpu/instances/vast.ai/${created.contract_id}`);
    expect(['stopping', 'destroyed']).toContain(destroyed.state);
  });

  it('proxies an https request: here there is no such host, and the answer says so', async () => {
    const answer = await json<{ code: string; status: number }>(`curl -s -X POST \\
  -H "X-API-Key: YOUR_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{
    "protocol": "https",
    "target_url": "https://api.example.com/inference",
    "method": "POST",
    "headers": {"Content-Type": "application/json"},
    "body": {"prompt": "Hello world"}
  }' \\
  http://localhost:8080/api/v1/gpu/proxy`);
    expect(answer).toMatchObject({ status: 502, code: 'upstream_unreachable' });
  });

  it('answers the health check', async () => {
    const answer = await json<{ status: string; timestamp: string }>('curl -s http://localhost:8080/health');
    expect(answer.status).toBe('ok');
    expect(answer.timestamp).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it('sets the strategy through the API, without a content type', async () => {
    const answer = await json<{ strategy: string }>(`curl -s -X PUT -H "X-API-Key: $KEY" \\
  -d '{"strategy": "least_connections"}' \\
  http://localhost:8080/api/v1/loadbalancer/strategy`);
    expect(answer.strategy).toBe('least_connections');
  });

  it.each([
    ['./bin/aiserve-gpuproxy-client -key YOUR_API_KEY list', /vast-\d+[\s\S]*ionet-/],
    ['./bin/aiserve-gpuproxy-client -key YOUR_API_KEY list vast.ai', /vast-\d+/],
    ['./bin/aiserve-gpuproxy-client -key YOUR_API_KEY list io.net', /ionet-\d+/],
    ['./bin/aiserve-gpuproxy-client -key YOUR_API_KEY -dv -dm list', /vast-\d+/],
    ['./bin/aiserve-gpuproxy-client -key $KEY lb-strategy least_connections', /least_connections/],
    ['./bin/aiserve-gpuproxy-client -key $KEY load server', /strategy least_connections/],
    ['./bin/aiserve-gpuproxy-client -key $KEY load provider', /vast\.ai/],
    ['./bin/aiserve-gpuproxy-client -key $KEY load', /vast\.ai/],
    ['./bin/aiserve-gpuproxy-client -key $KEY reserve 16', /16 of 16 reserved/],
  ])('runs %s', async (line, expected) => {
    const { status, stdout } = await run(line);
    expect(status).toBe(0);
    expect(stdout).toMatch(expected);
  });

  it('creates and destroys through the client', async () => {
    const list = await run('./bin/aiserve-gpuproxy-client -key YOUR_API_KEY -json list vast.ai -limit 1');
    const { instances } = JSON.parse(list.stdout) as { instances: { id: string }[] };
    const id = instances[0].id.replace('vast-', '');
    const created = await run(`./bin/aiserve-gpuproxy-client -key YOUR_API_KEY create vast.ai ${id}`);
    expect(created).toMatchObject({ status: 0 });
    const contract = /contract\s+(\d+)/.exec(created.stdout)?.[1] ?? '';
    const destroyed = await run(
      `./bin/aiserve-gpuproxy-client -key YOUR_API_KEY destroy vast.ai ${contract}`,
    );
    expect(destroyed).toMatchObject({ status: 0 });
  });

  it('proxies through the client', async () => {
    const { status, stderr } = await run(
      './bin/aiserve-gpuproxy-client -key YOUR_API_KEY proxy https https://api.example.com',
    );
    expect(status).toBe(1);
    expect(stderr).toContain('upstream_unreachable');
  });

  it.each([
    ['./bin/aiserve-gpuproxy-admin users', /user@example\.com/],
    [
      './bin/aiserve-gpuproxy-admin create-user user2@example.com password123 "John Doe"',
      /created user2@example\.com/,
    ],
    ['./bin/aiserve-gpuproxy-admin make-admin user@example.com', /is an administrator/],
    [
      './bin/aiserve-gpuproxy-admin create-apikey user@example.com "Production Key"',
      /gpx_(?:live|test)_\w{61}/,
    ],
    ['./bin/aiserve-gpuproxy-admin usage user@example.com', /remaining\s+\d+\.\d{6}/],
    ['./bin/aiserve-gpuproxy-admin stats', /users\s+2/],
    ['./bin/aiserve-gpuproxy-admin migrate', /up to date/],
    ['./bin/aiserve-gpuproxy-admin grant user@example.com 5', /credits now/],
    ['./bin/aiserve-gpuproxy-admin ledger verify', /intact/],
  ])('runs %s beside the daemon', async (line, expected) => {
    const { status, stdout, stderr } = await run(line);
    expect(stderr).not.toContain('Error');
    expect(status).toBe(0);
    expect(stdout).toMatch(expected);
  });

  it('lets a key that the operator made in at once', async () => {
    const made = await run('./bin/aiserve-gpuproxy-admin create-apikey user2@example.com "Other"');
    const answer = await run(
      `curl -s -H "X-API-Key: ${made.stdout.trim()}" http://localhost:8080/api/v1/credits`,
    );
    expect(JSON.parse(answer.stdout)).toMatchObject({ credits_total: 100 });
  });

  it('refuses to start a second server on the same file', async () => {
    const second = startDaemonProcess(folder.path, ['-dv']);
    await expect(second).rejects.toThrow(/another server is using/);
  });

  it('never writes the key, the token or the password into its log', () => {
    const log = daemon.lines.join('\n');
    for (const secret of [key, token, 'secure-password', 'password123']) expect(log).not.toContain(secret);
  });
});
