import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { DomainError, isDomainError } from '../common/domain-error.js';
import { newId } from '../common/id.js';
import type { IdempotencyKey, StoredOutcome } from './idempotency-key.entity.js';
import { IdempotencyKeyRepository } from './idempotency-key.repository.js';
import { idempotencyInProgress, idempotencyMismatch, invalidIdempotencyKey } from './idempotency.errors.js';
import { inputHash } from './input-hash.js';

/** A process that died blocks its keys that long; one that lives renews, however long the work takes. */
const LEASE_MS = 120_000;
const RENEW_EVERY_MS = 30_000;
export const IDEMPOTENCY_KEPT_MS = 24 * 3_600_000;
const KEY = /^[\x21-\x7e]{1,255}$/;

/** These say that the outcome is unknown (a bug, a farm that did not answer), not that nothing happened. */
const OUTCOME_UNKNOWN = new Set([500, 502, 504]);

export interface IdempotentRequest {
  userId: string;
  /** The header `Idempotency-Key`; without it the work simply runs. */
  key: string | undefined;
  /** What must be the same on a repetition: the route and the validated body, as JSON. */
  input: unknown;
}

/** One run of the work of a request. */
export interface Attempt {
  /** The same in every attempt of one request, another one in every other request: names what the work starts. */
  id: string;
  /** The request has a key: it may come again after this attempt has died. */
  isRepeatable: boolean;
  /** An earlier attempt died, nobody knows where: look for what `id` names before starting it. */
  isRepeat: boolean;
  /** What an earlier attempt has noted last. */
  note?: unknown;
  /**
   * Notes what a repetition must know, before something is done that cannot be found by its name. Without a key there
   * is no repetition and nothing to note.
   * @throws DomainError 409 `idempotency_in_progress` when another attempt has taken over
   */
  remember(note: unknown): Promise<void>;
}

export interface IdempotentReply<T> {
  /** True: the answer is that of the first request; add the header `Idempotent-Replayed: true`. */
  replayed: boolean;
  result: T;
}

/**
 * `Idempotency-Key` for requests that cost money: the work of one key of one user runs once, and its outcome is
 * given again for 24 hours.
 *
 * What is kept: results, and failures whose effect is unknown (status 500, 502, 504 and everything that is no
 * DomainError), because running those again could spend twice. Any other DomainError says that nothing was done, so
 * it releases the key, and the caller may repeat the request once the cause is gone. When the database is lost on the
 * way, the attempt counts as one that died.
 *
 * When a process dies in the middle, a repetition after two minutes runs the work again. The work must therefore name
 * what it starts after the attempt or the key (the id of a rental, the ledger's own keys), so that it finds it again.
 * Work that finds it, and cannot tell yet what becomes of it, throws `idempotency_in_progress`: the next repetition
 * looks again.
 */
@Injectable()
export class IdempotencyService {
  private readonly logger = new Logger(IdempotencyService.name);

  constructor(
    private readonly keys: IdempotencyKeyRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * @param work returns what JSON can carry: a replay gives the parsed copy
   * @throws DomainError 400 `invalid_idempotency_key`, 409 `idempotency_in_progress`, 422 `idempotency_mismatch`, and
   *   what the work throws or threw
   */
  async execute<T>(
    request: IdempotentRequest,
    work: (attempt: Attempt) => Promise<T>,
  ): Promise<IdempotentReply<T>> {
    const { key } = request;
    if (key === undefined) return { replayed: false, result: await work(keyless()) };
    if (!KEY.test(key)) throw invalidIdempotencyKey();
    const mine = this.newRow(request.userId, key, inputHash(request.input));
    const row = await this.claim(mine);
    if (row.state === 'done') return { replayed: true, result: replay<T>(row.outcome) };
    const attempt = this.attemptOf(row, row.id !== mine.id);
    return { replayed: false, result: await this.attempt(row, () => work(attempt)) };
  }

  private attemptOf({ id, attemptId, outcome }: IdempotencyKey, isRepeat: boolean): Attempt {
    const note = outcome?.kind === 'note' ? outcome.note : undefined;
    const remember = async (wanted: unknown): Promise<void> => {
      if (!(await this.keys.note(id, attemptId, wanted))) throw idempotencyInProgress(1);
    };
    return { id, isRepeatable: true, isRepeat, note, remember };
  }

  /** Forgets keys after 24 hours; a job calls it. */
  purge(): Promise<number> {
    return this.keys.removeOlderThan(this.clock.now() - IDEMPOTENCY_KEPT_MS);
  }

  /** The key's row: a running one that is ours, or a finished one. */
  private async claim(mine: IdempotencyKey): Promise<IdempotencyKey> {
    for (;;) {
      if (await this.keys.insert(mine)) return mine;
      const existing = await this.keys.find(mine.userId, mine.key);
      const settled = existing && (await this.settleClaim(existing, mine));
      if (settled) return settled;
    }
  }

  /** Undefined: the row changed under our hands, look again. */
  private async settleClaim(
    existing: IdempotencyKey,
    mine: IdempotencyKey,
  ): Promise<IdempotencyKey | undefined> {
    if (existing.inputHash !== mine.inputHash) throw idempotencyMismatch();
    if (existing.state === 'done') return existing;
    const leftMs = existing.leaseUntil - this.clock.now();
    if (leftMs > 0) throw idempotencyInProgress(Math.min(5, Math.ceil(leftMs / 1000)));
    const { attemptId, leaseUntil } = mine;
    const isOurs = await this.keys.takeOver(existing, attemptId, leaseUntil);
    return isOurs ? { ...existing, attemptId, leaseUntil } : undefined;
  }

  private async attempt<T>({ id, attemptId }: IdempotencyKey, work: () => Promise<T>): Promise<T> {
    const renewal = setInterval(() => void this.renew(id, attemptId), RENEW_EVERY_MS);
    try {
      const result = await work();
      await this.keep(id, attemptId, { kind: 'result', result });
      return result;
    } catch (error) {
      if (isUnfinished(error)) await this.leave(id, attemptId);
      else if (isWithoutEffect(error)) await this.keys.remove(id, attemptId);
      else await this.keep(id, attemptId, asFailure(error));
      throw error;
    } finally {
      clearInterval(renewal);
    }
  }

  /** The next repetition takes over at once; when even that cannot be written down, after the lease. */
  private async leave(id: string, attemptId: string): Promise<void> {
    try {
      await this.keys.renew(id, attemptId, this.clock.now());
    } catch (error) {
      this.logger.warn({ msg: 'idempotent request left as it is', id, err: error });
    }
  }

  private async renew(id: string, attemptId: string): Promise<void> {
    try {
      await this.keys.renew(id, attemptId, this.clock.now() + LEASE_MS);
    } catch (error) {
      this.logger.warn({
        msg: 'lease of an idempotent request not renewed, will be repeated',
        id,
        err: error,
      });
    }
  }

  /** The work is done: when its outcome cannot be written down, the caller still gets it. */
  private async keep(id: string, attemptId: string, outcome: StoredOutcome): Promise<void> {
    try {
      const isKept = await this.keys.finish(id, attemptId, outcome);
      if (!isKept) this.logger.warn({ msg: 'idempotent request was taken over while it ran', id });
    } catch (error) {
      this.logger.error({ msg: 'outcome of an idempotent request not stored', id, err: error });
    }
  }

  private newRow(userId: string, key: string, hash: string): IdempotencyKey {
    const now = this.clock.now();
    return {
      id: newId(),
      userId,
      key,
      inputHash: hash,
      state: 'running',
      attemptId: newId(),
      leaseUntil: now + LEASE_MS,
      outcome: null,
      createdAt: now,
    };
  }
}

function keyless(): Attempt {
  return { id: newId(), isRepeatable: false, isRepeat: false, remember: async () => undefined };
}

/** The database may have gone after the work had begun; or an earlier attempt is not over. */
function isUnfinished(error: unknown): boolean {
  return isDomainError(error, 'idempotency_in_progress') || isDomainError(error, 'database_unavailable');
}

function isWithoutEffect(error: unknown): boolean {
  return error instanceof DomainError && !OUTCOME_UNKNOWN.has(error.status);
}

function asFailure(error: unknown): StoredOutcome {
  if (!(error instanceof DomainError)) {
    const detail =
      'The first request with this key failed unexpectedly; see what it did before using a new key.';
    return { kind: 'failure', code: 'internal_error', status: 500, detail };
  }
  const { code, status, detail } = error;
  return { kind: 'failure', code, status, detail };
}

function replay<T>(outcome: StoredOutcome | null): T {
  if (outcome?.kind === 'failure') throw new DomainError(outcome.code, outcome.status, outcome.detail);
  return (outcome?.kind === 'result' ? outcome.result : undefined) as T;
}
