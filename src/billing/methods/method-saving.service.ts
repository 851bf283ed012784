import { Injectable } from '@nestjs/common';
import { paymentConflict, paymentMethodNotFound, savingNotSupported } from '../billing.errors.js';
import type { PaymentPreference } from '../cards/payment-preference.js';
import type { PaymentProviderName } from '../payments/payment.entity.js';
import type { MethodCapability, NextAction } from '../processors/payment-processor.js';
import { PaymentProcessors } from '../processors/payment-processors.js';
import type { PaymentMethod } from './payment-method.entity.js';
import { PaymentMethods } from './payment-methods.service.js';

export interface SavingOrder {
  userId: string;
  provider: PaymentProviderName;
  preference?: PaymentPreference;
  returnUrl?: string;
}

/** Saving and forgetting methods, here and at their processor. */
@Injectable()
export class MethodSaving {
  constructor(
    private readonly processors: PaymentProcessors,
    private readonly methods: PaymentMethods,
  ) {}

  /** @throws DomainError 422 `saving_not_supported`, `payment_conflict`, `invalid_payment_method`; 501, 503 */
  async save(order: SavingOrder): Promise<{ method?: PaymentMethod; nextAction?: NextAction }> {
    const { userId, provider, preference, returnUrl } = order;
    const capability = this.capabilityOf(provider);
    const isToken = preference?.kind === 'card' && preference.source === 'token';
    if (preference && !isToken) throw paymentConflict();
    const outcome = await capability.save(userId, {
      token: isToken ? preference.token : undefined,
      returnUrl,
    });
    if (outcome.state === 'requires_action') return { nextAction: outcome.nextAction };
    await this.methods.keep(userId, provider, outcome.method);
    return { method: await this.methods.find(userId, provider) };
  }

  /** @throws DomainError 404 `payment_method_not_found`, 503 when the processor cannot be told */
  async remove(userId: string, id: string): Promise<void> {
    const method = await this.methods.findOwn(userId, id);
    if (!method) throw paymentMethodNotFound();
    await this.capabilityOf(method.provider).detach(method.externalId);
    await this.methods.forget(method.provider, method.externalId);
  }

  /** The account has ended: the processors forget the user and the methods with it. @throws DomainError 503 */
  async forgetUser(userId: string): Promise<void> {
    for (const { isConfigured, methods } of this.processors.all) {
      if (isConfigured) await methods?.forget(userId);
    }
  }

  private capabilityOf(provider: PaymentProviderName): MethodCapability {
    const { methods } = this.processors.configured(provider);
    if (!methods) throw savingNotSupported(provider);
    return methods;
  }
}
