import { Logger } from '@nestjs/common';
import { beforeEach, expect, it, vi } from 'vitest';
import { JobsAndIdempotency1764000000010 } from '../../migrations/1764000000010-jobs-and-idempotency.js';
import { ManualClock } from '../../src/common/clock.js';
import { DomainError } from '../../src/common/domain-error.js';
import { IdempotencyKey } from '../../src/database/idempotency-key.entity.js';
import { IdempotencyKeyRepository } from '../../src/database/idempotency-key.repository.js';
import { idempotencyInProgress } from '../../src/database/idempotency.errors.js';
import {
  IdempotencyService,
  type Attempt,
  type IdempotentReply,
} from '../../src/database/idempotency.service.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';
import { gate } from '../support/gate.js';

const schema = { entities: [IdempotencyKey], migrations: [JobsAndIdempotency1764000000010] };
const TWO_MINUTES_MS = 120_000;
const DAY_MS = 24 * 3_600_000;

// Failures are provoked here; their log lines would only be noise.
Logger.overrideLogger(false);

onEachDatabase('idempotency keys', schema, (open) => {
  let database: TestDatabase;
  let clock: ManualClock;

  beforeEach(async () => {
    database = await open();
    clock = new ManualClock();
    return database.close;
  });

  /** As another process would have it: nothing shared but the database. */
  const service = (): IdempotencyService =>
    new IdempotencyService(new IdempotencyKeyRepository(database.unitOfWork), clock);

  const request = (changes: object = {}) => ({
    userId: 'user',
    key: 'key',
    input: { a: 1, b: [2] },
    ...changes,
  });

  const execute = <T>(
    work: (attempt: Attempt) => Promise<T>,
    changes: object = {},
  ): Promise<IdempotentReply<T>> => service().execute(request(changes), work);

  const failure = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

  it('runs the work once and replays its result', async () => {
    const work = vi.fn(async () => ({ id: 'r1', list: [1, null], price: 0.25 }));
    const first = await execute(work);
    const second = await execute(work, { input: { b: [2], a: 1 } });
    expect(first).toEqual({ replayed: false, result: { id: 'r1', list: [1, null], price: 0.25 } });
    expect(second).toEqual({ ...first, replayed: true });
    expect(work).toHaveBeenCalledTimes(1);
  });

  it('runs without a key every time', async () => {
    const work = vi.fn(async () => 1);
    await execute(work, { key: undefined });
    expect(await execute(work, { key: undefined })).toEqual({ replayed: false, result: 1 });
    expect(work).toHaveBeenCalledTimes(2);
  });

  it('keeps users and keys apart', async () => {
    await execute(async () => 'first');
    expect((await execute(async () => 'other user', { userId: 'other' })).result).toBe('other user');
    expect((await execute(async () => 'other key', { key: 'other' })).result).toBe('other key');
  });

  it('refuses another input under the same key, also while the first is running', async () => {
    const mayEnd = gate();
    const started = gate();
    const running = execute(async () => (started.open(), mayEnd.opened));
    await started.opened;
    const other = execute(async () => 1, { input: { a: 2 } });
    expect(await failure(other)).toMatchObject({ code: 'idempotency_mismatch', status: 422 });
    mayEnd.open();
    await running;
    expect(await failure(execute(async () => 1, { input: { a: 2 } }))).toMatchObject({ status: 422 });
  });

  it('answers 409 with Retry-After while the first is running', async () => {
    const mayEnd = gate();
    const started = gate();
    const running = execute(async () => (started.open(), mayEnd.opened));
    await started.opened;
    expect(await failure(execute(async () => 1))).toMatchObject({
      code: 'idempotency_in_progress',
      status: 409,
      headers: { 'Retry-After': '5' },
    });
    mayEnd.open();
    await running;
  });

  it('lets one of many simultaneous requests run', async () => {
    const work = vi.fn(async () => 'done');
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => failure(execute(work))));
    expect(work).toHaveBeenCalledTimes(1);
    const others = outcomes.filter((outcome) => outcome instanceof DomainError);
    expect(others.every((error) => error.code === 'idempotency_in_progress')).toBe(true);
  });

  it('takes over from a process that died, once', async () => {
    void execute(() => new Promise(() => undefined));
    await vi.waitFor(async () => expect(await database.unitOfWork.manager.count(IdempotencyKey)).toBe(1));
    clock.advance(TWO_MINUTES_MS - 1);
    expect(await failure(execute(async () => 1))).toMatchObject({
      status: 409,
      headers: { 'Retry-After': '1' },
    });
    clock.advance(1);
    const work = vi.fn(async () => 'second attempt');
    await Promise.all(Array.from({ length: 10 }, () => failure(execute(work))));
    expect(work).toHaveBeenCalledTimes(1);
    expect(await execute(work)).toEqual({ replayed: true, result: 'second attempt' });
  });

  it('does not let an attempt that was taken over write its outcome', async () => {
    const mayEnd = gate();
    const started = gate();
    const slow = execute(async () => {
      started.open();
      await mayEnd.opened;
      return 'slow';
    });
    await started.opened;
    clock.advance(TWO_MINUTES_MS);
    await execute(async () => 'fast');
    mayEnd.open();
    expect((await slow).result).toBe('slow');
    expect(await execute(async () => 'third')).toEqual({ replayed: true, result: 'fast' });
  });

  it('tells every attempt of a request the same id, and whether it is not the first', async () => {
    const seen: Attempt[] = [];
    void execute(async (attempt) => (seen.push(attempt), new Promise(() => undefined)));
    await vi.waitFor(() => expect(seen).toHaveLength(1));
    clock.advance(TWO_MINUTES_MS);
    await execute(async (attempt) => seen.push(attempt));
    await execute(async (attempt) => seen.push(attempt), { key: 'other' });
    await execute(async (attempt) => seen.push(attempt), { key: undefined });
    const [first, second, other, keyless] = seen;
    expect([first.isRepeat, second.isRepeat, other.isRepeat, keyless.isRepeat]).toEqual([
      false,
      true,
      false,
      false,
    ]);
    expect(second.id).toBe(first.id);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(3);
  });

  it('gives a repetition what the dead attempt has noted, and lets the dead note nothing', async () => {
    const attempts: Attempt[] = [];
    void execute(async (attempt) => {
      attempts.push(attempt);
      await attempt.remember({ endsAt: 1 });
      await attempt.remember({ endsAt: 2 });
      await new Promise(() => undefined);
    });
    await vi.waitFor(async () => {
      const [row] = await database.unitOfWork.manager.find(IdempotencyKey);
      expect(row.outcome).toEqual({ kind: 'note', note: { endsAt: 2 } });
    });
    clock.advance(TWO_MINUTES_MS);
    expect(await execute(async ({ note }) => note)).toEqual({ replayed: false, result: { endsAt: 2 } });
    expect(await failure(attempts[0].remember({}))).toMatchObject({ code: 'idempotency_in_progress' });
    expect(await execute(async () => 1)).toEqual({ replayed: true, result: { endsAt: 2 } });
  });

  it.each([
    ['the database is lost on the way', new DomainError('database_unavailable', 503, 'Gone.')],
    ['an earlier attempt is not over', idempotencyInProgress(5)],
  ])('lets the next repetition look again when %s', async (_, thrown) => {
    const seen: Attempt[] = [];
    const broken = execute((attempt) => (seen.push(attempt), Promise.reject(thrown)));
    expect(await failure(broken)).toBe(thrown);
    expect(await execute(async (attempt) => seen.push(attempt))).toEqual({ replayed: false, result: 2 });
    expect(seen[1]).toMatchObject({ id: seen[0].id, isRepeat: true });
  });

  it('releases the key when the work was refused without effect', async () => {
    const refused = new DomainError('insufficient_credits', 402, 'Not enough.');
    expect(await failure(execute(() => Promise.reject(refused)))).toBe(refused);
    expect(await execute(async () => 'paid now')).toEqual({ replayed: false, result: 'paid now' });
  });

  it.each([
    [new DomainError('provider_failed', 502, 'No answer.'), { code: 'provider_failed', status: 502 }],
    [new TypeError('a bug with secrets'), { code: 'internal_error', status: 500 }],
  ])('keeps a failure whose effect is unknown: %s', async (thrown, expected) => {
    expect(await failure(execute(() => Promise.reject(thrown)))).toBe(thrown);
    const work = vi.fn(async () => 'again');
    const replayed = await failure(execute(work));
    expect(replayed).toMatchObject(expected);
    expect(String(replayed)).not.toContain('secrets');
    expect(work).not.toHaveBeenCalled();
  });

  it.each(['', 'x'.repeat(256), 'with space', 'ümlaut'])('refuses the key %j', async (key) => {
    expect(await failure(execute(async () => 1, { key }))).toMatchObject({
      code: 'invalid_idempotency_key',
      status: 400,
    });
  });

  it('takes keys of 255 characters', async () => {
    expect((await execute(async () => 1, { key: 'x'.repeat(255) })).result).toBe(1);
  });

  it('forgets after 24 hours, when the purge comes', async () => {
    await execute(async () => 'old');
    clock.advance(DAY_MS);
    expect(await service().purge()).toBe(0);
    clock.advance(1);
    expect(await service().purge()).toBe(1);
    expect((await execute(async () => 'new')).result).toBe('new');
  });
});
