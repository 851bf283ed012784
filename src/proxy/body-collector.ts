import { Injectable } from '@nestjs/common';
import type { DomainError } from '../common/domain-error.js';
import { AppConfig } from '../config/config.js';
import { bodyTooLarge, requestTimeout, tooManyLongBodies } from './proxy.errors.js';
import { SMALL_BODY_BYTES, collectBody, declaredLength } from './request-body.js';
import type { Visit } from './visit.js';

/** Longer bodies are not held when their beginning tells where they go. */
export const HELD_WHOLE_BYTES = 1_048_576;

/** All long bodies that are held at a time. */
export const MOST_HELD_BYTES = 268_435_456;

const NOTHING = Buffer.alloc(0);

/** What is done with a body. What they throw is answered. */
export interface BodyTaker {
  /** It is complete. */
  whole(body: Buffer): void | Promise<void>;
  /**
   * It is long, and this is how it begins. Undefined when that does not tell enough; else what passes it on, to be called
   * when `request` can be read from its beginning again. Absent for those who need it whole.
   */
  long?(beginning: Buffer): (() => void | Promise<void>) | undefined;
}

/**
 * Holds the bodies that have to be read: those of POST gpu/proxy, and on `/v1`, where `model` may stand anywhere and so may
 * `stream` and `stream_options`, usually behind the prompt. In exchange they can be sent again to another instance. Longer
 * ones of `/v1` pass through once their model is known. What all that are held may take together is limited.
 */
@Injectable()
export class BodyCollector {
  private held = 0;

  constructor(private readonly config: AppConfig) {}

  get heldBytes(): number {
    return this.held;
  }

  /**
   * One of the taker's methods has the last word, or none when the client leaves.
   * @throws DomainError 413 `payload_too_large` by the declared length
   */
  collect(visit: Visit, taker: BodyTaker): void {
    const { maxBodyBytes } = this.config.proxy;
    const length = declaredLength(visit.request);
    if (length > maxBodyBytes) throw bodyTooLarge(maxBodyBytes);
    const settle = (error: DomainError | undefined, body: Buffer | null): void => {
      if (error) visit.refuse(error);
      else attempt(visit, () => taker.whole(body ?? NOTHING));
    };
    if (length >= 0 && length <= SMALL_BODY_BYTES) collectBody(visit.request, SMALL_BODY_BYTES, settle);
    else this.collectLong(visit, taker, settle);
  }

  private collectLong(visit: Visit, taker: BodyTaker, settle: Settle): void {
    const { request, response } = visit;
    const { maxBodyBytes, idleTimeoutMs } = this.config.proxy;
    const chunks: Buffer[] = [];
    let size = 0;
    let isTried = false;
    const stop = (): void => {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd);
    };
    const free = (): void => {
      clearTimeout(timer);
      chunks.length = 0;
      this.held -= size;
      size = 0;
    };
    const finish = (error?: DomainError): void => {
      stop();
      settle(error, error ? null : Buffer.concat(chunks.splice(0), size));
    };
    const passOn = (): void => {
      isTried = true;
      attempt(visit, () => {
        const beginning = Buffer.concat(chunks, size);
        const pass = taker.long?.(beginning);
        if (!pass) return;
        stop();
        free();
        request.pause();
        request.unshift(beginning);
        return pass();
      });
    };
    const onEnd = (): void => finish();
    const onData = (chunk: Buffer): void => {
      timer.refresh();
      size += chunk.length;
      this.held += chunk.length;
      chunks.push(chunk);
      if (size > maxBodyBytes) finish(bodyTooLarge(maxBodyBytes));
      else if (this.held > MOST_HELD_BYTES) finish(tooManyLongBodies());
      else if (taker.long && size > HELD_WHOLE_BYTES && !isTried) passOn();
    };
    const timer = setTimeout(() => finish(requestTimeout()), idleTimeoutMs);
    response.once('close', free);
    request.on('data', onData).on('end', onEnd);
  }
}

type Settle = (error: DomainError | undefined, body: Buffer | null) => void;

function attempt(visit: Visit, work: () => void | Promise<void>): void {
  try {
    const served = work();
    if (served instanceof Promise) served.catch((error: unknown) => visit.refuse(error));
  } catch (error) {
    visit.refuse(error);
  }
}
