import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../common/clock.js';
import { newId } from '../../common/id.js';
import type { AppConfig } from '../../config/config.js';
import { AccessTokenService } from './access-token.service.js';

const SECRET = 'a secret of more than thirty-two characters';
const HASHES = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' };
type Json = Record<string, unknown>;

const clock = new ManualClock();
const serviceWith = (jwtSecret: string, ...jwtSecretsPrevious: string[]): AccessTokenService => {
  const auth = { jwtSecret, jwtSecretsPrevious, jwtExpirationMs: 900_000 };
  return new AccessTokenService({ auth } as unknown as AppConfig, clock);
};
const service = serviceWith(SECRET);

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part: string): Json => JSON.parse(Buffer.from(part, 'base64url').toString()) as Json;

/** A token like ours, changed, and signed again by someone who knows the secret. */
function resigned(header: Json, claims: Json, secret = SECRET, hash = 'sha256'): string {
  const [oldHeader, oldClaims] = service.sign('user', 'session').split('.');
  const body = `${encode({ ...decode(oldHeader), ...header })}.${encode({ ...decode(oldClaims), ...claims })}`;
  return `${body}.${createHmac(hash, secret).update(body).digest('base64url')}`;
}

describe('AccessTokenService', () => {
  const now = Math.floor(clock.now() / 1000);

  it('reads what it signed', () => {
    const token = service.sign('user', 'session');
    expect(service.verify(token)).toEqual({
      userId: 'user',
      sessionId: 'session',
      expiresAt: (now + 900) * 1000,
    });
    expect(service.verify(resigned({}, {}))).toBeTruthy();
    const [header, claims] = token.split('.').slice(0, 2).map(decode);
    expect(header).toEqual({ alg: 'HS256', typ: 'at+jwt', kid: expect.stringMatching(/^[0-9a-f]{16}$/) });
    expect(Object.keys(claims).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub']);
  });

  it('refuses a token with any single bit changed', () => {
    const token = service.sign(newId(), newId());
    for (let bit = 0; bit < token.length * 8; bit++) {
      const forged = Buffer.from(token);
      forged[bit >> 3] ^= 1 << (bit & 7);
      expect(service.read(forged.toString('latin1'))).toBeUndefined();
    }
  });

  it.each<[string, Json, Json?]>([
    ['no algorithm', { alg: 'none' }],
    ['no algorithm, oddly written', { alg: 'nOnE' }],
    ['an algorithm that is not there', { alg: undefined }],
    ['RS256', { alg: 'RS256' }],
    ['a key of its own', { jwk: { kty: 'oct', k: 'AAAA' } }],
    ['the address of a key', { jku: 'http://127.0.0.1/keys' }],
    ['the address of a certificate', { x5u: 'http://127.0.0.1/cert' }],
    ['critical extensions', { crit: ['exp'] }],
    ['an unknown key id', { kid: 'ffffffffffffffff' }],
    ['a path for a key id', { kid: '../../../../dev/null' }],
    ['SQL for a key id', { kid: "' OR 1=1 --" }],
    ['no key id', { kid: undefined }],
    ['a prototype for a key id', { kid: '__proto__' }],
    ['the type of any JWT', { typ: 'JWT' }],
    ['no type', { typ: undefined }],
    ['a past expiry', {}, { exp: now }],
    ['no expiry', {}, { exp: undefined }],
    ['text for an expiry', {}, { exp: String(now + 900) }],
    ['a beginning ahead', {}, { nbf: now + 1 }],
    ['an issue more than a minute ahead', {}, { iat: now + 61 }],
    ['no issue', {}, { iat: undefined }],
    ['another issuer', {}, { iss: 'somebody else' }],
    ['another audience', {}, { aud: 'somebody else' }],
    ['no audience', {}, { aud: undefined }],
    ['no subject', {}, { sub: undefined }],
    ['an object for a subject', {}, { sub: { id: 1 } }],
    ['no session', {}, { sid: undefined }],
    ['no id', {}, { jti: undefined }],
  ])('refuses a well signed token with %s', (_, header, claims = {}) => {
    expect(service.read(resigned(header, claims))).toBeUndefined();
    expect(() => service.verify(resigned(header, claims))).toThrow('invalid_token');
  });

  it('accepts clocks that are a minute apart', () => {
    expect(service.read(resigned({}, { iat: now + 60 }))).toBeTruthy();
  });

  it.each(['HS384', 'HS512'] as const)('refuses %s though the secret is right', (alg) => {
    expect(service.read(resigned({ alg }, {}, SECRET, HASHES[alg]))).toBeUndefined();
  });

  it('refuses unsigned and foreign tokens', () => {
    const [header, claims] = service.sign('user', 'session').split('.');
    expect(service.read(`${header}.${claims}.`)).toBeUndefined();
    expect(service.read(`${encode({ alg: 'none' })}.${claims}.`)).toBeUndefined();
    expect(service.read(resigned({}, {}, 'another secret of thirty-two characters'))).toBeUndefined();
  });

  it.each(['', '.', '..', 'a.b.c', 'null', `${encode(null)}.e30.x`, `${encode([])}.e30.x`])(
    'refuses %j',
    (text) => {
      expect(service.read(text)).toBeUndefined();
    },
  );

  it('ends with its time', () => {
    const token = service.sign('user', 'session');
    clock.advance(899_000);
    expect(service.read(token)).toBeTruthy();
    clock.advance(1000);
    expect(service.read(token)).toBeUndefined();
    clock.advance(-900_000);
  });

  it('signs with the newest secret and reads those of older ones', () => {
    const old = service.sign('user', 'session');
    const rotated = serviceWith('another secret of more than thirty-two', SECRET);
    expect(rotated.read(old)).toBeTruthy();
    expect(service.read(rotated.sign('user', 'session'))).toBeUndefined();
    expect(serviceWith('another secret of more than thirty-two').read(old)).toBeUndefined();
  });
});
