import { Injectable } from '@nestjs/common';
import passport from 'passport';
import type { Caller } from '../../common/caller.js';
import type { GuardedRequest } from '../request-device.js';
import { CallerVerifier } from '../verification/caller-verifier.js';
import { readCredential, type Credential } from '../verification/credential.js';

/** What passport adds to a strategy for the length of one request. */
interface Verdicts {
  success(caller: Caller): void;
  fail(): void;
  error(error: unknown): void;
}

/**
 * A passport strategy for one kind of credential. The verdict is the verifier's; a bad credential is an error, not a
 * failure, so that passport does not go on to the next strategy.
 */
@Injectable()
export abstract class CredentialStrategy extends passport.Strategy {
  protected abstract readonly kind: Credential['kind'];

  constructor(private readonly verifier: CallerVerifier) {
    super();
  }

  override authenticate(request: unknown): void {
    const verdicts = this as unknown as Verdicts;
    void this.verdict(request as GuardedRequest, verdicts).catch((error: unknown) => verdicts.error(error));
  }

  private async verdict({ headers, device }: GuardedRequest, verdicts: Verdicts): Promise<void> {
    const credential = readCredential(headers);
    if (credential.kind !== this.kind) return verdicts.fail();
    verdicts.success(await this.verifier.verifyCredential(credential, device?.ip));
  }
}

/**
 * Runs strategies in order until one has a verdict. They are handed over themselves: passport's registry of names is one
 * for the whole process, and two applications in one process would verify each other's callers. Passport writes its
 * verdict functions onto a strategy, so that each request needs objects of its own.
 */
export function authenticate(
  strategies: readonly CredentialStrategy[],
  request: GuardedRequest,
): Promise<Caller | undefined> {
  const own = strategies.map((strategy) => Object.create(strategy) as CredentialStrategy);
  return new Promise((resolve, reject) => {
    const finish = (error: unknown, caller?: Caller | false): void =>
      error ? reject(error) : resolve(caller || undefined);
    const run = passport.authenticate(own as never, { session: false }, finish) as Middleware;
    run(request, undefined, finish);
  });
}

type Middleware = (request: GuardedRequest, response: undefined, next: (error: unknown) => void) => void;
