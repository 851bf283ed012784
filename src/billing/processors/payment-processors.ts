import { Inject, Injectable } from '@nestjs/common';
import { providerNotConfigured } from '../billing.errors.js';
import type { PaymentProviderName } from '../payments/payment.entity.js';
import { PAYMENT_PROCESSORS, type PaymentProcessor } from './payment-processor.js';

/** Finds a processor by its name. */
@Injectable()
export class PaymentProcessors {
  constructor(@Inject(PAYMENT_PROCESSORS) private readonly members: readonly PaymentProcessor[]) {}

  get all(): readonly PaymentProcessor[] {
    return this.members;
  }

  find(name: string): PaymentProcessor | undefined {
    return this.members.find((member) => member.name === name);
  }

  /** For payments that exist; their processor may have been taken out of the configuration since. */
  of({ provider }: { provider: PaymentProviderName }): PaymentProcessor {
    return this.configured(provider);
  }

  /** @throws DomainError 501 `provider_not_configured` */
  configured(name: string): PaymentProcessor {
    const processor = this.find(name);
    if (!processor?.isConfigured) throw providerNotConfigured(name);
    return processor;
  }
}
