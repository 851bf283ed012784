import type { IncomingHttpHeaders } from 'node:http';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { EventBus } from '../../common/event-bus.js';
import { newId } from '../../common/id.js';
import { SECURITY_NOTED, type SecurityNote } from '../../common/security-note.js';
import { callbackRefused, callbackTooLarge, unknownProvider } from '../billing.errors.js';
import type { PaymentProviderName } from '../payments/payment.entity.js';
import type { CallbackReader, VerifiedCallback } from '../processors/callback-reader.js';
import { PaymentProcessors } from '../processors/payment-processors.js';
import type { PaymentCallback } from './callback.entity.js';
import { CallbackRepository } from './callback.repository.js';
import { RefusalLimit } from './refusal-limit.js';

const LARGEST_BYTES = 256 * 1024;

export interface IncomingCallback {
  provider: string;
  rawBody: string | undefined;
  headers: IncomingHttpHeaders;
  address: string;
}

/** Takes call-backs in: signature first, then the row, then the answer. What it means is found out afterwards. */
@Injectable()
export class CallbackInbox {
  constructor(
    private readonly processors: PaymentProcessors,
    private readonly callbacks: CallbackRepository,
    private readonly refusals: RefusalLimit,
    private readonly clock: Clock,
    private readonly events: EventBus,
  ) {}

  /**
   * @throws DomainError 400 without a reason, 413, 429 for an address that is refused again and again, 404 for a
   *   processor without call-backs, 501 for one that is not set up
   */
  async receive({ provider, rawBody = '', headers, address }: IncomingCallback): Promise<void> {
    this.refusals.check(address);
    if (Buffer.byteLength(rawBody) > LARGEST_BYTES) throw callbackTooLarge();
    const { name, reader } = this.readerOf(provider);
    const verified = reader.verify(rawBody, headers);
    if (!verified) {
      this.refusals.count(address);
      this.noteRefusal(name, address);
      throw callbackRefused();
    }
    await this.callbacks.insertMissing(this.rowOf(name, verified));
  }

  private noteRefusal(provider: PaymentProviderName, ip: string): void {
    const origin = { actorKind: 'anonymous', ip } as const;
    const data: SecurityNote = { action: 'callback.rejected', origin, details: { provider } };
    this.events.emit({ name: SECURITY_NOTED, at: this.clock.now(), data });
  }

  private readerOf(provider: string): { name: PaymentProviderName; reader: CallbackReader } {
    const { name, callbacks } = this.processors.find(provider) ?? {};
    if (!name || !callbacks) throw unknownProvider();
    this.processors.configured(name);
    return { name, reader: callbacks };
  }

  private rowOf(provider: PaymentProviderName, verified: VerifiedCallback): PaymentCallback {
    const now = this.clock.now();
    const { eventId, type, data } = verified;
    const fresh = { state: 'new', attempts: 0, dueAt: now, receivedAt: now, handledAt: null } as const;
    return { id: newId(), provider, eventId, type, data, ...fresh };
  }
}
