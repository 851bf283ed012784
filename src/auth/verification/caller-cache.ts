import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Caller } from '../../common/caller.js';
import { Clock } from '../../common/clock.js';
import { EventBus, type DomainEvent } from '../../common/event-bus.js';
import { SESSION_ENDED } from '../../sessions/sessions.service.js';
import { USER_ACCESS_CHANGED } from '../../users/users.service.js';
import { API_KEY_CHANGED } from '../api-keys/api-keys.service.js';

/** A credential that was found good, and the instant at which it stops being so by itself. */
export interface VerifiedCaller {
  caller: Caller;
  validUntil: number;
}

const MOST_CALLERS = 20_000;
/** How long other processes may take to notice a revocation when no Redis tells them. */
const LONGEST_MS = 30_000;

/**
 * Remembers verified callers by the SHA-256 of their credential, so that a request in the middle of a run costs no query.
 * Revocations act at once, here and (see `RevocationRelay`) in all processes that share a Redis: everything of the user,
 * key or session is forgotten.
 */
@Injectable()
export class CallerCache implements OnModuleInit, OnModuleDestroy {
  private readonly callers = new LRUCache<string, VerifiedCaller>({
    max: MOST_CALLERS,
    dispose: ({ caller }, digest) => this.unlink(caller, digest),
  });
  /** Digests by user id and by credential id. */
  private readonly digestsOf = new Map<string, Set<string>>();
  private subscriptions: (() => void)[] = [];

  private forgotten = 0;

  constructor(
    private readonly clock: Clock,
    private readonly events: EventBus,
  ) {}

  onModuleInit(): void {
    this.subscriptions = [
      this.events.on(USER_ACCESS_CHANGED, ({ userId }) => this.forget(userId ?? '')),
      ...[SESSION_ENDED, API_KEY_CHANGED].map((name) =>
        this.events.on(name, (event) => this.forget(idOf(event))),
      ),
    ];
  }

  onModuleDestroy(): void {
    for (const unsubscribe of this.subscriptions) unsubscribe();
  }

  /** Changes with everything that is forgotten: what was read before may be outdated. */
  get generation(): number {
    return this.forgotten;
  }

  get(digest: string): Caller | undefined {
    const verified = this.callers.get(digest);
    if (!verified) return undefined;
    if (verified.validUntil > this.clock.now()) return verified.caller;
    this.callers.delete(digest);
    return undefined;
  }

  /** @param generation what `generation` was before the caller was looked up: if anything was forgotten since, nothing is kept */
  remember(digest: string, { caller, validUntil }: VerifiedCaller, generation: number): void {
    if (generation !== this.forgotten) return;
    const until = Math.min(validUntil, this.clock.now() + LONGEST_MS);
    this.callers.set(digest, { caller, validUntil: until });
    for (const id of [caller.userId, caller.credentialId]) {
      this.digestsOf.set(id, (this.digestsOf.get(id) ?? new Set()).add(digest));
    }
  }

  /** @param id of a user, an API key or a session */
  forget(id: string): void {
    this.forgotten++;
    for (const digest of this.digestsOf.get(id) ?? []) this.callers.delete(digest);
  }

  /** When nobody knows what was revoked meanwhile. */
  forgetAll(): void {
    this.forgotten++;
    this.callers.clear();
  }

  private unlink(caller: Caller, digest: string): void {
    for (const id of [caller.userId, caller.credentialId]) {
      const digests = this.digestsOf.get(id);
      digests?.delete(digest);
      if (digests?.size === 0) this.digestsOf.delete(id);
    }
  }
}

function idOf({ data }: DomainEvent): string {
  return (data as { id: string }).id;
}
