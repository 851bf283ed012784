import { Injectable } from '@nestjs/common';
import type { DomainError } from '../../common/domain-error.js';
import { AppConfig } from '../../config/config.js';
import { bodyTooLarge, requestTimeout } from '../proxy.errors.js';
import { SMALL_BODY_BYTES, collectBody, declaredLength } from '../request-body.js';
import type { Visit } from '../visit.js';
import { tooManyLongBodies } from './openai.errors.js';

/** All long bodies that are held at a time. */
export const MOST_HELD_BYTES = 268_435_456;

const NOTHING = Buffer.alloc(0);

/**
 * JSON bodies are held whole: `model` may stand anywhere, and so may `stream` and `stream_options`, usually behind the
 * prompt. In exchange they can be sent again to another instance. What all of them may hold together is limited.
 */
@Injectable()
export class BodyCollector {
  private held = 0;

  constructor(private readonly config: AppConfig) {}

  get heldBytes(): number {
    return this.held;
  }

  /**
   * `done` is called once, or never when the client leaves; what it throws is answered.
   * @throws DomainError 413 `payload_too_large` by the declared length
   */
  collect(visit: Visit, done: (body: Buffer) => void | Promise<void>): void {
    const { maxBodyBytes } = this.config.proxy;
    const length = declaredLength(visit.request);
    if (length > maxBodyBytes) throw bodyTooLarge(maxBodyBytes);
    const settle = (error: DomainError | undefined, body: Buffer | null): void => {
      if (error) visit.refuse(error);
      else attempt(visit, () => done(body ?? NOTHING));
    };
    if (length >= 0 && length <= SMALL_BODY_BYTES) collectBody(visit.request, SMALL_BODY_BYTES, settle);
    else this.collectLong(visit, settle);
  }

  private collectLong(
    { request, response }: Visit,
    settle: (error: DomainError | undefined, body: Buffer | null) => void,
  ): void {
    const { maxBodyBytes, idleTimeoutMs } = this.config.proxy;
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (error?: DomainError): void => {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd);
      settle(error, error ? null : Buffer.concat(chunks.splice(0), size));
    };
    const onEnd = (): void => finish();
    const onData = (chunk: Buffer): void => {
      timer.refresh();
      size += chunk.length;
      this.held += chunk.length;
      chunks.push(chunk);
      if (size > maxBodyBytes) finish(bodyTooLarge(maxBodyBytes));
      else if (this.held > MOST_HELD_BYTES) finish(tooManyLongBodies());
    };
    const timer = setTimeout(() => finish(requestTimeout()), idleTimeoutMs);
    response.once('close', () => {
      clearTimeout(timer);
      chunks.length = 0;
      this.held -= size;
    });
    request.on('data', onData).on('end', onEnd);
  }
}

function attempt(visit: Visit, work: () => void | Promise<void>): void {
  try {
    const served = work();
    if (served instanceof Promise) served.catch((error: unknown) => visit.refuse(error));
  } catch (error) {
    visit.refuse(error);
  }
}
