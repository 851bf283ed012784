import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppConfig } from './config.js';
import { renderEnvExample } from './env-example.js';
import { ConfigError, loadConfig, type ConfigFlags } from './load-config.js';

const SECRET = 'a secret that is long enough for us';
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gpuproxy-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const load = (env: Record<string, string> = {}, flags: ConfigFlags = {}): AppConfig =>
  loadConfig({ JWT_SECRET: SECRET, ...env }, flags);

function problemsOf(env: Record<string, string>, flags: ConfigFlags = {}): readonly string[] {
  try {
    loadConfig(env, flags);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('loadConfig', () => {
  it('starts on SQLite with nothing but a secret', () => {
    const config = load();
    expect(config.database).toEqual({ type: 'sqlite', file: 'gpuproxy.db' });
    expect(config.server).toMatchObject({ host: '0.0.0.0', port: 8080, drainDelayMs: 0 });
    expect(config.providers.sandbox.isEnabled).toBe(false);
    expect(config.proxy.openTargets).toBe(false);
  });

  it('takes DB_HOST for PostgreSQL', () => {
    expect(load({ DB_HOST: 'db' }).database).toMatchObject({
      type: 'postgres',
      host: 'db',
      name: 'gpuproxy',
    });
    expect(load({ DB_HOST: 'db', DB_TYPE: 'sqlite' }).database.type).toBe('sqlite');
  });

  it('treats empty variables as unset', () => {
    expect(load({ DB_HOST: '', SERVER_PORT: ' ' }).server.port).toBe(8080);
  });

  it('names every problem at once', () => {
    const problems = problemsOf({
      SERVER_PORT: '70000',
      LB_STRATEGY: 'fastest',
      JWT_EXPIRATION: 'soon',
      STATIC_MACHINES: '{}',
      VASTAI_API_KEY: 'your-vast-api-key',
      PROXY_ALLOW_PRIVATE_CIDRS: '10.0.0.0/33',
    });
    const named = problems.map((problem) => /[A-Z][A-Z_]+/.exec(problem)?.[0]);
    expect(new Set(named)).toEqual(
      new Set([
        'SERVER_PORT',
        'LB_STRATEGY',
        'JWT_EXPIRATION',
        'STATIC_MACHINES',
        'VASTAI_API_KEY',
        'PROXY_ALLOW_PRIVATE_CIDRS',
        'JWT_SECRET',
      ]),
    );
  });

  it.each(['short-one', 'your-secure-random-string', 'changeme-changeme-changeme-changeme'])(
    'refuses the secret %s outside developer mode, without echoing it',
    (secret) => {
      const problems = problemsOf({ JWT_SECRET: secret });
      expect(problems).toHaveLength(1);
      expect(problems[0]).not.toContain(secret);
    },
  );

  it('refuses to start without a secret outside developer mode', () => {
    expect(problemsOf({})).toEqual([expect.stringContaining('JWT_SECRET is not set')]);
  });

  it('needs no secret for work on the database alone', () => {
    expect(problemsOf({}, { needsSecret: false })).toEqual([]);
  });

  it('keeps a developer secret in a private file, the same at the next start', () => {
    const env = { DB_NAME: join(folder, 'dev.db') };
    const first = loadConfig(env, { isDeveloper: true }).auth.jwtSecret;
    expect(first.length).toBeGreaterThanOrEqual(32);
    expect(loadConfig(env, { isDeveloper: true }).auth.jwtSecret).toBe(first);
    expect(statSync(join(folder, 'dev.db.secret')).mode & 0o777).toBe(0o600);
  });

  it('turns the sandbox on in developer mode when no farm has a key, samples being none', () => {
    const env = { DB_NAME: join(folder, 'dev.db'), VASTAI_API_KEY: 'your-vast-api-key' };
    const config = loadConfig(env, { isDeveloper: true });
    expect(config.providers.sandbox.isEnabled).toBe(true);
    expect(config.billing.signupCreditsMicro).toBe(100_000_000);
    expect(load({ VASTAI_API_KEY: 'real' }, { isDeveloper: true }).providers.sandbox.isEnabled).toBe(false);
    expect(load({ PROVIDER_SANDBOX: 'true', VASTAI_API_KEY: 'real' }).providers.sandbox.isEnabled).toBe(true);
  });

  it('reads a secret from a file, and says when it cannot', () => {
    const path = join(folder, 'jwt');
    writeFileSync(path, `${SECRET}\n`);
    expect(loadConfig({ JWT_SECRET_FILE: path }).auth.jwtSecret).toBe(SECRET);
    const [problem] = problemsOf({ JWT_SECRET_FILE: join(folder, 'absent') });
    expect(problem).toMatch(/^JWT_SECRET_FILE: .*ENOENT/);
  });

  it('derives independent keys from the one secret', () => {
    const config = load();
    expect(new Set([config.auth.jwtSecret, config.auth.apiKeyPepper, config.encryptionKey]).size).toBe(3);
  });

  it('reads own machines, and names the one that is wrong', () => {
    const machine = { name: 'rack1', url: 'http://10.0.0.5:8000', gpu_model: 'RTX 4090' };
    const config = load({ STATIC_MACHINES: JSON.stringify([machine]) });
    expect(config.providers.staticMachines).toMatchObject([{ name: 'rack1', gpu_count: 1 }]);
    const bad = JSON.stringify([machine, { ...machine, name: 'Rack 2' }]);
    expect(problemsOf({ JWT_SECRET: SECRET, STATIC_MACHINES: bad })[0]).toContain('machine 1');
    const twice = JSON.stringify([machine, machine]);
    expect(problemsOf({ JWT_SECRET: SECRET, STATIC_MACHINES: twice })[0]).toContain('same name');
  });

  it('starts in developer mode from .env.example as it is', () => {
    const lines = renderEnvExample()
      .split('\n')
      .filter((line) => /^[A-Z]/.test(line));
    const env = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    expect(problemsOf({ ...env, DB_NAME: join(folder, 'dev.db') }, { isDeveloper: true })).toEqual([]);
  });
});
