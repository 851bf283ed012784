import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogger, NestPinoLogger } from '../../src/common/logger.js';
import { runDaemon, signUp, type ApiCaller, type RunningDaemon } from '../support/running-daemon.js';

/** What somebody writes who wants lines of their own in our log. */
const FORGERIES = [
  '\u2028{"level":30,"msg":"logged in"}',
  '\u0085fake',
  'a\tb',
  '%0d%0a{"msg":"fake"}',
  '\\n{"msg":"fake"}',
  '\u001b[2J',
];

interface Line {
  msg: string;
  code?: string;
  user?: string;
  ip?: string;
  kind?: string;
}

describe('the log (L42)', () => {
  let running: RunningDaemon;
  let caller: ApiCaller;
  const written: string[] = [];
  beforeAll(async () => {
    running = await runDaemon('sqlite', { REGISTER_RATE_LIMIT_PER_HOUR: '0' });
    const output = { write: (text: string): void => void written.push(text) };
    Logger.overrideLogger(new NestPinoLogger(createLogger('debug', output)));
    caller = await signUp(running.url);
  });
  afterAll(() => running.stop());

  const lines = (): Line[] => written.map((text) => JSON.parse(text) as Line);
  const post = (path: string, body: object, headers = {}): Promise<unknown> =>
    caller.send('POST', `/api/v1/auth/${path}`, body, headers);

  it('tells of logins, good and bad, and of credentials that were refused', async () => {
    const login = { email: 'log@example.com', password: 'secure-password' };
    await post('register', { ...login, name: 'L' });
    await post('login', login);
    await post('login', { ...login, password: 'another one entirely' });
    await caller.as(`${caller.key.slice(0, 21)}${'A'.repeat(49)}`).get('/api/v1/credits');
    const other = await signUp(running.url);
    await other.revokeAllKeys();
    await other.get('/api/v1/credits');
    const told = lines();
    expect(told).toContainEqual(
      expect.objectContaining({ msg: 'logged in', ip: '127.0.0.1', user: expect.any(String) }),
    );
    expect(told).toContainEqual(expect.objectContaining({ msg: 'wrong password or unknown account' }));
    expect(told).toContainEqual(
      expect.objectContaining({ msg: 'credential refused', kind: 'api_key', ip: '127.0.0.1' }),
    );
  });

  it('tells of what callers may not do, on both planes, with who and from where', async () => {
    const reader = await caller.withKey({ scopes: ['gpu:read'] });
    const elsewhere = await caller.withKey({ allowed_ips: ['203.0.113.7'] });
    await reader.get('/api/v1/admin/users');
    await reader.get('/v1/models');
    await elsewhere.get('/api/v1/credits');
    const refused = lines().filter(({ msg }) => msg === 'access refused');
    for (const code of ['admin_required', 'insufficient_scope', 'address_not_allowed'])
      expect(refused).toContainEqual(expect.objectContaining({ code, ip: '127.0.0.1' }));
    expect(refused).toContainEqual(expect.objectContaining({ user: expect.any(String) }));
  });

  it('has a line for each event and not one more, whatever is written in headers and names', async () => {
    for (const forgery of FORGERIES) {
      const headers = {
        'user-agent': forgery.replaceAll(/[^\t\x20-\x7e]/g, '?'),
        'x-request-id': encodeURIComponent(forgery),
      };
      await post('login', { email: `${forgery}@example.com`, password: 'another one entirely' }, headers);
      await caller.send('GET', `/api/v1/gpu/rentals/${encodeURIComponent(forgery)}`, undefined, headers);
      await caller.send('GET', `/api/v1/admin/users?x=${encodeURIComponent(forgery)}`, undefined, headers);
    }
    for (const text of written) {
      expect(text.endsWith('\n')).toBe(true);
      expect(text.slice(0, -1).split('').filter(breaksLines)).toEqual([]);
    }
    expect(lines().filter(({ msg }) => msg === 'fake')).toEqual([]);
  });
});

/** Control characters, and what some readers take for the end of a line. */
function breaksLines(character: string): boolean {
  return character < ' ' || ['\u0085', '\u2028', '\u2029'].includes(character);
}
