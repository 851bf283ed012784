import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { newOrderedId } from '../../common/id.js';
import type { PaymentProviderName } from '../payments/payment.entity.js';
import type { SavedMethodDetails } from '../processors/payment-processor.js';
import type { PaymentMethod } from './payment-method.entity.js';
import { PaymentMethodRepository } from './payment-method.repository.js';

/** The methods that users have saved. The latest one is the default. */
@Injectable()
export class PaymentMethods {
  constructor(
    private readonly methods: PaymentMethodRepository,
    private readonly clock: Clock,
  ) {}

  /** Remembers a method that the processor keeps for the user; told twice is fine. */
  async keep(userId: string, provider: PaymentProviderName, details: SavedMethodDetails): Promise<void> {
    const row = { ...details, id: newOrderedId(), userId, provider, createdAt: this.clock.now() };
    await this.methods.insertMissing(row);
  }

  listOf(userId: string): Promise<PaymentMethod[]> {
    return this.methods.listOf(userId);
  }

  /** The named method of the user, else the latest. */
  async find(userId: string, provider: PaymentProviderName, id?: string): Promise<PaymentMethod | undefined> {
    if (id === undefined) return (await this.methods.latestOf(userId, provider)) ?? undefined;
    const method = await this.methods.findOwn(userId, id);
    return method?.provider === provider ? method : undefined;
  }

  async findOwn(userId: string, id: string): Promise<PaymentMethod | undefined> {
    return (await this.methods.findOwn(userId, id)) ?? undefined;
  }

  /** Forgets a method that the processor no longer has. */
  forget(provider: PaymentProviderName, externalId: string): Promise<void> {
    return this.methods.remove(provider, externalId);
  }
}
