import { createHmac, generateKeyPairSync, createSign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runDaemon, type RunningDaemon } from '../support/running-daemon.js';
import { WsClient } from '../support/ws-client.js';

const SECRET = 'a secret of more than thirty-two characters, for tests';
const HASHES: Readonly<Record<string, string>> = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' };
const MINUTE = 60;
/** Every door that takes a token: both planes, three protocols, the socket before its upgrade. */
const DOORS = ['/api/v1/credits', '/api/v1/gpu/pools/default/proxy/x', '/v1/models', '/v2', '/mcp/default'];

const REFUSED = DOORS.map(() => 401);

type Json = Record<string, unknown>;

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part: string): Json => JSON.parse(Buffer.from(part, 'base64url').toString()) as Json;
const now = (): number => Math.floor(Date.now() / 1000);

describe('a tampered access token', () => {
  let running: RunningDaemon;
  let keyServer: Server;
  let keyServerUrl: string;
  let fetchedKeys = 0;
  let token: string;
  let refresh: string;
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();

  beforeAll(async () => {
    running = await runDaemon('sqlite', { JWT_SECRET: SECRET });
    keyServer = createServer((_, response) => {
      fetchedKeys += 1;
      response.end(JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] }));
    }).listen(0, '127.0.0.1');
    await once(keyServer, 'listening');
    keyServerUrl = `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/keys`;
    const account = { email: 'jwt@example.com', password: 'secure-password', name: 'J' };
    const post = (path: string): Promise<Response> =>
      fetch(`${running.url}/api/v1/auth/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(path === 'login' ? { ...account, name: undefined } : account),
      });
    await post('register');
    const login = (await (await post('login')).json()) as {
      tokens: { access_token: string; refresh_token: string };
    };
    ({ access_token: token, refresh_token: refresh } = login.tokens);
  });
  afterAll(async () => {
    keyServer.close();
    await running.stop();
  });

  const statuses = async (bearer: string): Promise<number[]> => {
    const headers = { authorization: `Bearer ${bearer}` };
    const answers = DOORS.map((path) => fetch(`${running.url}${path}`, { headers }));
    return (await Promise.all(answers)).map(({ status }) => status);
  };
  /** The real token with other members, signed again by someone who knows the secret. */
  const forge = (header: Json, claims: Json = {}, secret = SECRET): string => {
    const [oldHeader, oldClaims] = token.split('.');
    const full = { ...decode(oldHeader), ...header };
    const body = `${encode(full)}.${encode({ ...decode(oldClaims), ...claims })}`;
    const hash = HASHES[String(full.alg)] ?? 'sha256';
    return `${body}.${createHmac(hash, secret).update(body).digest('base64url')}`;
  };

  it('is told from the real one, and from the real one signed again', async () => {
    for (const good of [token, forge({})]) expect(await statuses(good)).not.toContain(401);
  });

  it('is 401 with any character of its parts changed (L22)', async () => {
    const [header, claims, signature] = token.split('.');
    const change = (part: string, at: number): string =>
      part.slice(0, at) + (part[at] === 'A' ? 'B' : 'A') + part.slice(at + 1);
    // The last character of the signature has bits that mean nothing.
    const step = 7;
    for (let at = 0; at < signature.length - 1; at += step)
      expect(await statuses([header, claims, change(signature, at)].join('.'))).toEqual(REFUSED);
    for (let at = 0; at < claims.length; at += step * 3)
      expect(await statuses([header, change(claims, at), signature].join('.'))).toEqual(REFUSED);
    for (let at = 0; at < header.length; at += step)
      expect(await statuses([change(header, at), claims, signature].join('.'))).toEqual(REFUSED);
  });

  it.each(['none', 'None', 'nOnE', 'HS384', 'HS512', 'RS256', 'ES256', 'EdDSA', '', 'hs256'])(
    'is 401 with the algorithm %j, signed or not (L23)',
    async (alg) => {
      const forged = forge({ alg });
      expect(await statuses(forged)).toEqual(REFUSED);
      expect(await statuses(`${forged.split('.').slice(0, 2).join('.')}.`)).toEqual(REFUSED);
    },
  );

  it('is 401 when a public key is its secret, or signs it (L23)', async () => {
    expect(await statuses(forge({ alg: 'HS256' }, {}, publicPem))).toEqual(REFUSED);
    const body = forge({ alg: 'RS256' }).split('.').slice(0, 2).join('.');
    expect(
      await statuses(`${body}.${createSign('sha256').update(body).sign(privateKey).toString('base64url')}`),
    ).toEqual(REFUSED);
  });

  it('is 401 with a key, or a place to find one, of its own, and nobody looks there (L24)', async () => {
    const headers: Json[] = [
      { jwk: publicKey.export({ format: 'jwk' }) },
      { jku: keyServerUrl },
      { x5u: keyServerUrl },
      { x5c: ['MIIB'] },
      { crit: ['exp'] },
      { b64: false },
      { kid: 'unknown' },
      { kid: '../../../../dev/null' },
      { kid: "x' UNION SELECT 'secret' --" },
      { kid: undefined },
      { typ: 'JWT' },
      { typ: undefined },
    ];
    for (const header of headers) expect(await statuses(forge(header))).toEqual(REFUSED);
    expect(fetchedKeys).toBe(0);
  });

  it('is 401 outside its time (L25)', async () => {
    const claims: Json[] = [
      { exp: now() - 1 },
      { nbf: now() + 2 * MINUTE },
      { iat: now() + 2 * MINUTE },
      { exp: undefined },
      { iat: undefined },
      { exp: '9999999999' },
      { exp: null },
    ];
    for (const claim of claims) expect(await statuses(forge({}, claim))).toEqual(REFUSED);
  });

  it('is 401 for another audience, issuer, login or user (L27)', async () => {
    const claims: Json[] = [
      { aud: 'else' },
      { aud: undefined },
      { iss: 'else' },
      { iss: undefined },
      { sid: 'x' },
      { sid: undefined },
      { sub: 'x' },
      { sub: undefined },
      { sub: { $gt: '' } },
      { jti: undefined },
    ];
    for (const claim of claims) expect(await statuses(forge({}, claim))).toEqual(REFUSED);
  });

  it('is no power: claims about roles say nothing', async () => {
    const forged = forge({}, { is_admin: true, isAdmin: true, role: 'admin', scope: 'admin' });
    const headers = { authorization: `Bearer ${forged}` };
    expect((await fetch(`${running.url}/api/v1/admin/users`, { headers })).status).toBe(403);
  });

  it('is 401 when it is a refresh token, or one of three parts that is none (L26)', async () => {
    expect(await statuses(refresh)).toEqual(REFUSED);
    const answer = await fetch(`${running.url}/api/v1/auth/refresh`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refresh_token: token }),
    });
    expect(answer.status).toBe(401);
    for (const bad of ['a.b.c', '..', `${token}.`, `.${token}`, `${token}.${token}`, 'e30.e30.e30'])
      expect(await statuses(bad)).toEqual(REFUSED);
  });

  it('opens no socket', async () => {
    const headers = { authorization: `Bearer ${forge({ alg: 'none' })}` };
    expect(await WsClient.refusal(`${running.url}/ws`, { headers })).toBe(401);
    const late = await WsClient.open(`${running.url}/ws`);
    late.send({ type: 'auth', token: forge({}, {}, 'wrong') });
    expect(await late.expectClose()).toMatchObject({ code: 4401 });
  });
});
