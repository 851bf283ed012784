import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/load-config.js';
import type { Peers } from '../peers.js';
import { OriginCheck } from './origin-check.js';

const SECRET = { JWT_SECRET: 'k3'.repeat(20) };

function verdict(
  headers: { host?: string; origin?: string },
  env: Record<string, string> = {},
  { isDeveloper = false, isTrusted = false } = {},
): string {
  const peers = { of: () => ({ isTrusted }) } as unknown as Peers;
  const check = new OriginCheck(loadConfig({ ...SECRET, ...env }, { isDeveloper }), peers);
  try {
    check.check({ headers } as IncomingMessage);
    return 'ok';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const developer = { isDeveloper: true };

describe('OriginCheck', () => {
  it('takes programs, which send no Origin, and any name when it does not know its own', () => {
    expect(verdict({ host: 'gpu.example' })).toBe('ok');
    expect(verdict({ host: 'gpu.example', origin: 'http://localhost:5173' })).toBe('origin_not_allowed');
  });

  it.each([
    'http://localhost:5173',
    'https://localhost',
    'http://127.0.0.1:1',
    'http://127.1.2.3',
    'http://[::1]:9',
  ])('takes pages from %s in developer mode only', (origin) => {
    expect(verdict({ host: 'localhost:8080', origin }, {}, developer)).toBe('ok');
    expect(verdict({ host: 'localhost:8080', origin })).toBe('origin_not_allowed');
  });

  it.each([
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'https://evil.example',
    'null',
    '',
  ])('never takes pages from %j', (origin) => {
    expect(verdict({ host: 'localhost', origin }, {}, developer)).toBe('origin_not_allowed');
  });

  it.each(['evil.example', 'evil.example:80', 'localhost.evil.example', '', 'a b'])(
    'does not go by the name %j in developer mode or when it knows its own',
    (host) => {
      expect(verdict({ host }, {}, developer)).toBe('host_not_allowed');
      expect(verdict({ host }, { PUBLIC_URL: 'https://gpu.example' })).toBe('host_not_allowed');
    },
  );

  it.each(['localhost', 'LOCALHOST:8080', '127.0.0.1', '[::1]:8080', '10.0.0.7:8080', '[2001:db8::1]'])(
    'always goes by %s, which nobody can rebind',
    (host) => {
      expect(verdict({ host }, {}, developer)).toBe('ok');
      expect(verdict({ host }, { PUBLIC_URL: 'https://gpu.example' })).toBe('ok');
    },
  );

  it('knows PUBLIC_URL and CORS_ORIGINS', () => {
    const env = { PUBLIC_URL: 'https://GPU.example/base', CORS_ORIGINS: 'https://app.example' };
    const host = 'gpu.example:443';
    expect(verdict({ host }, env)).toBe('ok');
    expect(verdict({ host, origin: 'https://gpu.example' }, env)).toBe('ok');
    expect(verdict({ host, origin: 'https://app.example' }, env)).toBe('ok');
    expect(verdict({ host, origin: 'http://app.example' }, env)).toBe('origin_not_allowed');
    expect(verdict({ host, origin: 'https://any.example' }, { CORS_ORIGINS: '*' })).toBe('ok');
  });

  it('leaves the Host to the operator’s own reverse proxy', () => {
    expect(verdict({ host: 'backend' }, {}, { isDeveloper: true, isTrusted: true })).toBe('ok');
  });
});
