import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ConcurrencyLimiter } from '../auth/rate-limiting/concurrency-limiter.js';
import { DataPlaneLimits } from '../auth/rate-limiting/data-plane-limits.js';
import { RateLimiter } from '../auth/rate-limiting/rate-limiter.js';
import { RatePolicies } from '../auth/rate-limiting/rate-policies.js';
import type { CallerVerifier } from '../auth/verification/caller-verifier.js';
import { ManualClock } from '../common/clock.js';
import type { Caller } from '../common/caller.js';
import type { AppConfig } from '../config/config.js';
import { Admission } from './admission.js';
import type { Visit } from './visit.js';

const CALLER = { userId: 'user', credentialId: 'key', scopes: ['proxy:use'] } as unknown as Caller;

describe('Admission', () => {
  const start = (
    proxyPerMinute: number,
    verify: () => Caller | Promise<Caller> = () => CALLER,
  ): { admission: Admission; concurrency: ConcurrencyLimiter } => {
    const config = { limits: { controlPerMinute: 0, proxyPerMinute } } as AppConfig;
    const concurrency = new ConcurrencyLimiter();
    const limits = new DataPlaneLimits(
      new RateLimiter(new ManualClock()),
      new RatePolicies(config),
      concurrency,
    );
    return { admission: new Admission({ verify } as unknown as CallerVerifier, limits), concurrency };
  };
  const visit = (headers: Record<string, string> = {}, ip = '192.0.2.1'): Visit => {
    const socket = new EventEmitter();
    const request = { method: 'GET', url: '/', headers: { host: 'x', ...headers }, rawHeaders: [], socket };
    return { request, response: new EventEmitter(), ip, extraHeaders: [] } as unknown as Visit;
  };

  it('answers at once for a known caller, with the headers of its limit, and 429 beyond it', () => {
    const { admission } = start(1);
    const first = visit();
    expect(admission.identify(first)).toBe(CALLER);
    expect(first.extraHeaders).toContain('"proxy";q=1;w=60');
    expect(() => admission.identify(visit())).toThrow('rate_limited');
  });

  it('counts a caller that had to be looked up the same', async () => {
    const { admission } = start(1, () => Promise.resolve(CALLER));
    expect(await admission.identify(visit())).toBe(CALLER);
    await expect(admission.identify(visit())).rejects.toThrow('rate_limited');
  });

  it('counts addresses before anybody asks who is calling', () => {
    const { admission } = start(1, () => {
      throw new Error('who?');
    });
    for (let count = 0; count < 60; count++) expect(() => admission.identify(visit())).toThrow('who?');
    expect(() => admission.identify(visit())).toThrow('rate_limited');
    expect(() => admission.identify(visit({}, '192.0.2.2'))).toThrow('who?');
  });

  it('counts a request as under way until it is answered', () => {
    const { admission, concurrency } = start(0);
    const one = visit();
    admission.admit(one, CALLER);
    expect(concurrency.activeOf('user')).toBe(1);
    one.response.emit('close');
    expect(concurrency.activeOf('user')).toBe(0);
    expect(one.request.socket.listenerCount('close')).toBe(0);
  });

  it.each(['response', 'socket'] as const)('counts a tunnel as under way until its %s closes', (end) => {
    const { admission, concurrency } = start(0);
    const one = visit({ upgrade: 'websocket' });
    admission.admit(one, CALLER);
    (end === 'response' ? one.response : one.request.socket).emit('close');
    expect(concurrency.activeOf('user')).toBe(0);
    expect(one.request.socket.listenerCount('close')).toBe(0);
  });
});
