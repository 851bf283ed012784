import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Caller } from '../../common/caller.js';
import { ManualClock } from '../../common/clock.js';
import { EventBus } from '../../common/event-bus.js';
import { newApiKey } from '../api-keys/api-key-format.js';
import type { LastUsedRecorder } from '../api-keys/last-used.recorder.js';
import { CallerCache, type VerifiedCaller } from './caller-cache.js';
import { CallerVerifier } from './caller-verifier.js';
import type { CredentialLookup } from './credential-lookup.js';

const CALLER: Caller = {
  userId: 'user',
  email: 'user@example.com',
  isAdmin: false,
  mustChangePassword: false,
  credential: 'api_key',
  credentialId: 'key',
  scopes: ['proxy:use'],
};
const { text: KEY } = newApiKey('live');
const HEADERS = { 'x-api-key': KEY };

describe('CallerVerifier', () => {
  const clock = new ManualClock();
  const touch = vi.fn();
  const lookup = vi.fn<() => Promise<VerifiedCaller>>();
  let events: EventBus;
  let cache: CallerCache;
  let verifier: CallerVerifier;

  beforeEach(() => {
    touch.mockReset();
    lookup.mockReset().mockResolvedValue({ caller: CALLER, validUntil: Infinity });
    events = new EventBus();
    cache = new CallerCache(clock, events);
    cache.onModuleInit();
    verifier = new CallerVerifier(
      cache,
      { verify: lookup } as unknown as CredentialLookup,
      { touch } as unknown as LastUsedRecorder,
    );
  });

  it('answers at once when it knows the credential, and looks again after 30 s', async () => {
    expect(await verifier.verify(HEADERS)).toBe(CALLER);
    expect(verifier.verify(HEADERS)).toBe(CALLER);
    expect([lookup.mock.calls.length, touch.mock.calls]).toEqual([1, [['key'], ['key']]]);
    clock.advance(29_999);
    expect(verifier.verify(HEADERS)).toBe(CALLER);
    clock.advance(1);
    await verifier.verify(HEADERS);
    expect(lookup).toHaveBeenCalledTimes(2);
  });

  it('remembers no longer than the credential lasts', async () => {
    lookup.mockResolvedValue({ caller: CALLER, validUntil: clock.now() + 5 });
    await verifier.verify(HEADERS);
    clock.advance(5);
    expect(verifier.verify(HEADERS)).toBeInstanceOf(Promise);
  });

  it('looks once for simultaneous requests', async () => {
    await Promise.all(Array.from({ length: 50 }, () => verifier.verify(HEADERS)));
    expect(lookup).toHaveBeenCalledTimes(1);
  });

  it('does not remember refusals', async () => {
    lookup.mockRejectedValueOnce(new Error('refused'));
    await expect(verifier.verify(HEADERS)).rejects.toThrow('refused');
    expect(await verifier.verify(HEADERS)).toBe(CALLER);
  });

  it.each([
    ['the key was revoked', () => events.emit({ name: 'api_key.changed', at: 0, data: { id: 'key' } })],
    ['nobody knows what was revoked', () => cache.forgetAll()],
    ['the user changed', () => events.emit({ name: 'user.access_changed', userId: 'user', at: 0, data: {} })],
    ['the session ended', () => events.emit({ name: 'session.ended', at: 0, data: { id: 'key' } })],
  ])('forgets at once when %s', async (_, revoke) => {
    await verifier.verify(HEADERS);
    revoke();
    lookup.mockRejectedValueOnce(new Error('revoked'));
    await expect(verifier.verify(HEADERS)).rejects.toThrow('revoked');
  });

  it('does not remember what was read before a revocation, nor lets later requests wait for it', async () => {
    const answers: ((verified: VerifiedCaller) => void)[] = [];
    lookup.mockImplementation(() => new Promise((resolve) => answers.push(resolve)));
    const early = verifier.verify(HEADERS);
    cache.forget('key');
    const late = verifier.verify(HEADERS);
    expect(answers).toHaveLength(2);
    answers[0]({ caller: CALLER, validUntil: Infinity });
    await early;
    expect(verifier.verify(HEADERS)).toBeInstanceOf(Promise);
    answers[1]({ caller: { ...CALLER, email: 'new' }, validUntil: Infinity });
    expect(await late).toMatchObject({ email: 'new' });
    expect(verifier.verify(HEADERS)).toMatchObject({ email: 'new' });
  });

  it('keeps tokens in the header for keys out, known or not', async () => {
    const token: Caller = { ...CALLER, credential: 'jwt' };
    lookup.mockResolvedValueOnce({ caller: token, validUntil: Infinity });
    await verifier.verify({ authorization: 'Bearer e.y.j' });
    lookup.mockRejectedValueOnce(new Error('no key'));
    await expect(verifier.verify({ 'x-api-key': 'e.y.j' })).rejects.toThrow('no key');
  });

  it.each([[{}], [{ authorization: '' }], [{ authorization: 'Basic YTpi' }], [{ authorization: 'Bearer' }]])(
    'asks for a credential with %j',
    (headers) => expect(() => verifier.verify(headers)).toThrow('unauthenticated'),
  );

  it('needs less than 20 µs for a credential it knows', async () => {
    await verifier.verify(HEADERS);
    const rounds = 5000;
    const microseconds = Array.from({ length: 8 }, () => {
      const start = performance.now();
      for (let round = 0; round < rounds; round++) void verifier.verify(HEADERS);
      return ((performance.now() - start) / rounds) * 1000;
    });
    expect(Math.min(...microseconds)).toBeLessThan(20);
  });
});
