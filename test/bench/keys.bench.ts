import { createHash } from 'node:crypto';
import { env, stdout } from 'node:process';
import { crc32 } from 'node:zlib';
import { DataSource } from 'typeorm';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { ApiKeyHasher } from '../../src/auth/api-keys/api-key-hasher.js';
import { newApiKey } from '../../src/auth/api-keys/api-key-format.js';
import { ApiKey } from '../../src/auth/api-keys/api-key.entity.js';
import { DEFAULT_KEY_SCOPES } from '../../src/auth/api-keys/key-scopes.js';
import { CallerCache } from '../../src/auth/verification/caller-cache.js';
import { CallerVerifier } from '../../src/auth/verification/caller-verifier.js';
import { newId } from '../../src/common/id.js';
import { User } from '../../src/users/user.entity.js';
import { IdentityApp } from '../database/identity-app.js';
import { openTestDatabase, type TestDatabase } from '../support/databases.js';

/**
 * What it costs to know a caller by its key, for any number of keys in the database. `npm run bench:keys`; BENCH_KEYS
 * lists the numbers. Warm: the key was seen in the last 30 s. Cold: nothing is remembered, the database is asked.
 */
const KEYS = (env.BENCH_KEYS ?? '10,10000,100000').split(',').map(Number);
const WARM_ROUNDS = 20_000;
const COLD_READS = 500;
const ROWS_AT_ONCE = 500;
const ADDRESS = '203.0.113.9';
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const CHECKSUM_LENGTH = 6;

/** Every limit that a request may have to be compared with. */
const LIMITS = {
  allowed_ips: ['203.0.113.0/24', '2001:db8::/32'],
  allowed_models: ['acme/*'],
  allowed_targets: ['llm'],
  spend_limit_credits: 5,
  requests_per_minute: 600,
};
const WANTED_WARM_US = 20;
const WANTED_COLD_P99_MS = 2;

const print = (line: string): void => void stdout.write(`${line}\n`);
const percentile = (values: number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];

print(
  '| database | keys | warm, CPU µs | warm with limits, CPU µs | cold p50 ms | cold p99 ms | queries | unknown key / known id with a wrong secret, p50 ms | |',
);
print('|---|--:|--:|--:|--:|--:|--:|--:|---|');

describe.each(['sqlite', 'postgres'] as const)('keys on %s', (kind) => {
  let database: TestDatabase;
  let app: IdentityApp;
  let userId: string;
  let limited: string;
  const texts: string[] = [];
  beforeAll(async () => {
    database = await openTestDatabase(kind, { entities: [ApiKey, User] });
    app = await IdentityApp.start(database.config);
    const login = await app.member('bench@example.com');
    userId = login.id;
    limited = (await app.key(login, LIMITS)).api_key;
    return async () => {
      await app.close();
      await database.close();
    };
  });

  /** Rows as the factory makes them, but for bcrypt, which would take hours and is not read. */
  const row = (text: string, keyId: string, prefix: string): ApiKey => ({
    id: newId(),
    userId,
    keyId,
    name: 'bench',
    prefix,
    ...app.app.get(ApiKeyHasher).hmacOf(text),
    keyBcrypt: createHash('sha256').update(keyId).digest('hex').slice(0, 60),
    scopes: [...DEFAULT_KEY_SCOPES],
    limits: null,
    originId: null,
    createdAt: 1,
    expiresAt: null,
    lastUsedAt: Date.now(),
    revokedAt: null,
    replacedBy: null,
  });
  const fillUpTo = async (count: number): Promise<void> => {
    while (texts.length < count) {
      const keys = Array.from({ length: Math.min(ROWS_AT_ONCE, count - texts.length) }, () =>
        newApiKey('live'),
      );
      await database.unitOfWork.run((manager) =>
        manager.insert(
          ApiKey,
          keys.map(({ text, keyId, prefix }) => row(text, keyId, prefix)),
        ),
      );
      texts.push(...keys.map(({ text }) => text));
    }
  };
  const pick = (index: number): string => texts[(index * 7919) % texts.length];
  const verifier = (): CallerVerifier => app.app.get(CallerVerifier);

  /** CPU of this process per verification, the best of some rounds: others share the machine. */
  const warmMicroseconds = async (key: string): Promise<number> => {
    const headers = { 'x-api-key': key };
    await verifier().verify(headers, ADDRESS);
    const rounds = Array.from({ length: 5 }, () => {
      const before = process.cpuUsage();
      for (let round = 0; round < WARM_ROUNDS; round++) void verifier().verify(headers, ADDRESS);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / WARM_ROUNDS;
    });
    return Math.min(...rounds);
  };
  const coldMilliseconds = async (keys: readonly string[]): Promise<number[]> => {
    const took: number[] = [];
    for (const key of keys) {
      app.app.get(CallerCache).forgetAll();
      const start = performance.now();
      await Promise.resolve(verifier().verify({ 'x-api-key': key }, ADDRESS)).catch(() => undefined);
      took.push(performance.now() - start);
    }
    return took;
  };
  const queriesOf = async (key: string): Promise<number> => {
    const queries = vi.spyOn(app.app.get(DataSource).logger, 'logQuery');
    app.app.get(CallerCache).forgetAll();
    await verifier().verify({ 'x-api-key': key }, ADDRESS);
    const reads = queries.mock.calls.filter(([sql]) => sql.startsWith('SELECT')).length;
    queries.mockRestore();
    return reads;
  };

  it.each(KEYS)('with %i of them', async (count) => {
    app.clock.advance(60_000);
    await fillUpTo(count);
    const keys = Array.from({ length: COLD_READS }, (_, index) => pick(index));
    await coldMilliseconds(keys.slice(0, 100));
    const cold = await coldMilliseconds(keys);
    const strangers = await coldMilliseconds(Array.from({ length: 140 }, () => newApiKey('live').text));
    const guesses = await coldMilliseconds(keys.slice(0, 140).map(withAnotherSecret));
    const warm = [await warmMicroseconds(pick(1)), await warmMicroseconds(limited)];
    const figures = {
      warm: warm.map((value) => value.toFixed(2)),
      cold: [0.5, 0.99].map((share) => percentile(cold, share).toFixed(2)),
      wrong: [strangers, guesses].map((took) => percentile(took, 0.5).toFixed(2)),
    };
    const isWanted = Math.max(...warm) < WANTED_WARM_US && percentile(cold, 0.99) < WANTED_COLD_P99_MS;
    print(
      `| ${kind} | ${count} | ${figures.warm.join(' | ')} | ${figures.cold.join(' | ')} | ${await queriesOf(pick(3))} | ` +
        `${figures.wrong.join(' / ')} | ${isWanted ? 'as wanted' : 'less than wanted'} |`,
    );
    expect(await queriesOf(pick(5))).toBe(1);
  });
});

/** A good checksum and a known id: only the HMAC tells. */
function withAnotherSecret(key: string): string {
  const body = key.slice(0, -CHECKSUM_LENGTH);
  const forged = body.slice(0, -1) + (body.endsWith('A') ? 'B' : 'A');
  let sum = '';
  for (let rest = crc32(forged); rest > 0; rest = Math.floor(rest / 62)) sum = BASE62[rest % 62] + sum;
  return forged + sum.padStart(CHECKSUM_LENGTH, '0');
}
