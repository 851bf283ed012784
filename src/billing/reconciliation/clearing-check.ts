import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { PaymentAlerts } from '../payments/payment-alerts.js';
import type { Movement, PaymentProcessor } from '../processors/payment-processor.js';
import { PaymentProcessors } from '../processors/payment-processors.js';
import { KnownMoneyRepository } from './known-money.repository.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Call-backs and polls have had their time with what is older than this. */
const SETTLING_MS = 2 * HOUR_MS;
/** A charge and its credit may be booked some time apart. */
const MOST_APART_MS = 25 * HOUR_MS;
/** In one query; both databases bound the number of parameters. */
const BATCH = 500;

/**
 * Compares the books of processors with ours: every movement there must have its counterpart here, and every credited
 * payment here its movement there. What cannot be explained is reported to a person, never repaired by itself.
 */
@Injectable()
export class ClearingCheck {
  constructor(
    private readonly processors: PaymentProcessors,
    private readonly known: KnownMoneyRepository,
    private readonly alerts: PaymentAlerts,
    private readonly clock: Clock,
  ) {}

  /** One day, the latest that has settled. */
  async run(signal: AbortSignal): Promise<void> {
    const toMs = this.clock.now() - SETTLING_MS;
    for (const processor of this.processors.all) {
      if (signal.aborted) return;
      if (processor.isConfigured && processor.statements) await this.check(processor, toMs - DAY_MS, toMs);
    }
  }

  private async check(processor: PaymentProcessor, fromMs: number, toMs: number): Promise<void> {
    const { name: provider, statements } = processor;
    const movements = (await statements?.movements(fromMs, toMs)) ?? [];
    for (let start = 0; start < movements.length; start += BATCH)
      await this.explain(processor, movements.slice(start, start + BATCH));
    const around = await statements?.movements(fromMs - MOST_APART_MS, toMs + SETTLING_MS);
    const paid = new Set(
      around?.filter(({ kind }) => kind === 'payment').map(({ externalId }) => externalId),
    );
    for (const { id, externalId, creditedMicro } of await this.known.creditedBetween(
      provider,
      fromMs,
      toMs,
    )) {
      if (externalId !== null && paid.has(externalId)) continue;
      const details = {
        provider,
        payment: id,
        externalId: externalId ?? undefined,
        amountMicro: creditedMicro,
      };
      this.alerts.raise('unexplained_money', details);
    }
  }

  private async explain({ name: provider }: PaymentProcessor, movements: readonly Movement[]): Promise<void> {
    const idsOf = (kind: Movement['kind']): string[] =>
      movements.filter((movement) => movement.kind === kind).map(({ externalId }) => externalId);
    const credited = await this.known.creditedOf(provider, idsOf('payment'));
    const refunds = await this.known.refundsOf(provider, idsOf('refund'));
    const disputes = await this.known.disputesOf(provider, idsOf('dispute'));
    for (const { kind, externalId, amountMicro } of movements) {
      const isExplained = {
        payment: () => credited.get(externalId) === amountMicro,
        refund: () => refunds.get(externalId) === Math.abs(amountMicro),
        dispute: () => disputes.has(externalId),
      }[kind]();
      if (!isExplained) this.alerts.raise('unexplained_money', { provider, kind, externalId, amountMicro });
    }
  }
}
