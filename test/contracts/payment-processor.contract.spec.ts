import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/common/id.js';
import { isDomainError } from '../../src/common/domain-error.js';
import { PaymentFactory } from '../../src/billing/payments/payment-factory.js';
import { PAYMENT_PROVIDER_NAMES, type Payment } from '../../src/billing/payments/payment.entity.js';
import { PaymentRepository } from '../../src/billing/payments/payment.repository.js';
import { PAYMENT_PROCESSOR_CLASSES } from '../../src/billing/processors/index.js';
import type {
  PaymentProcessor,
  PaymentRequest,
  ProcessorOutcome,
} from '../../src/billing/processors/payment-processor.js';
import { PaymentProcessors } from '../../src/billing/processors/payment-processors.js';
import { BillingApp } from '../database/billing-fixture.js';
import { chainSettings } from '../support/crypto-settings.js';
import { onEachDatabase } from '../support/databases.js';
import { FakeAfterDark } from '../support/fake-afterdark.js';
import { TestChain } from '../support/test-chain.js';

const MICRO = 1_000_000;
const STATES = new Set(['pending', 'requires_action', 'paid', 'failed', 'canceled', 'expired', 'unknown']);
const STABLE_WORD = /^[a-z0-9_]{1,64}$/;

/** How a member is made to fail, and what the far side of it counts. */
interface Member {
  /** Payments that the processor has opened so far; undefined = there is no far side to ask. */
  opened?: () => number;
  /** From now on nothing answers. */
  cutOff: () => Promise<void> | void;
}

onEachDatabase('payment processors', { entities: [] }, (open) => {
  let billing: BillingApp;
  let afterDark: FakeAfterDark;
  let chain: TestChain;
  let members: Record<string, Member>;

  beforeAll(async () => {
    chain = await TestChain.start();
    const token = await chain.createToken();
    afterDark = await FakeAfterDark.start(() => billing.clock.now());
    const settings = { ...afterDark.settings, ...chainSettings(chain, chain.url, token) };
    billing = await BillingApp.start((await open()).config, settings);
    const { stripe } = billing;
    members = {
      stripe: {
        opened: () => stripe.intents.length,
        cutOff: () => stripe.faults.plan({ kind: 'drop_before', route: /./, times: 100 }),
      },
      afterdark: {
        opened: () => new Set(afterDark.orders.map(({ reference }) => reference)).size,
        cutOff: () => afterDark.plan(...Array.from({ length: 20 }, () => ({ kind: 'drop_before' }) as const)),
      },
      crypto: { cutOff: () => chain.stop() },
    };
  });
  afterAll(async () => {
    await billing.close();
    await afterDark.close();
    await chain.stop();
  });

  it('are the ones that the wire knows, each once', () => {
    const names = billing.app.get(PaymentProcessors).all.map(({ name }) => name);
    expect([...names].sort()).toEqual([...PAYMENT_PROVIDER_NAMES].sort());
  });

  describe.each(PAYMENT_PROCESSOR_CLASSES.map((Class) => ({ name: Class.name, Class })))(
    '$name',
    ({ Class }) => {
      let processor: PaymentProcessor;
      let userId: string;
      beforeAll(async () => {
        processor = billing.app.get<PaymentProcessor>(Class);
        ({ userId } = await billing.customer());
      });

      const request = (changes: Partial<PaymentRequest> = {}): PaymentRequest => ({
        userId,
        amountMicro: 20 * MICRO,
        currency: 'USD',
        isSaved: false,
        isOffSession: false,
        ...changes,
      });

      async function planned(changes: Partial<PaymentRequest> = {}): Promise<Payment> {
        const order = request(changes);
        const plan = await processor.plan(order);
        const payment = billing.app.get(PaymentFactory).make(processor, order, plan, newId());
        return billing.app.get(PaymentRepository).claim(payment);
      }

      const idOf = (outcome: ProcessorOutcome): string | undefined => {
        if (outcome.state === 'paid') return outcome.evidence.externalId;
        return 'externalId' in outcome ? outcome.externalId : undefined;
      };

      it('is configured, and polls less often than it gives up', () => {
        expect(processor.isConfigured).toBe(true);
        const { intervalMs, giveUpAfterMs } = processor.polling ?? { intervalMs: 0, giveUpAfterMs: 1 };
        expect(intervalMs).toBeLessThan(giveUpAfterMs);
      });

      it('plans without opening anything; its instructions survive the database', async () => {
        const before = members[processor.name].opened?.();
        const plan = await processor.plan(request());
        expect(members[processor.name].opened?.()).toBe(before);
        expect(plan.method).toMatch(/^[\w:.-]{1,64}$/);
        const payment = await planned();
        const stored = await billing.row(payment.id);
        expect(stored.instructions).toEqual(JSON.parse(JSON.stringify(plan.instructions)));
      });

      it('refuses what it cannot do while planning, with an error for the caller', async () => {
        const answer = await processor
          .plan(request({ amountMicro: 10_000 }))
          .catch((error: unknown) => error);
        expect(isDomainError(answer) || !(answer instanceof Error)).toBe(true);
      });

      it('opens a payment once, however often it is asked', async () => {
        const payment = await planned();
        const before = members[processor.name].opened?.() ?? 0;
        const first = await processor.create(payment);
        const again = await processor.create(payment);
        expect(STATES).toContain(first.state);
        expect(first.state).not.toBe('paid');
        expect(idOf(first)).toMatch(/./);
        expect(idOf(again)).toBe(idOf(first));
        // Without a far side to ask, the id alone has to say that it is one payment.
        const after = members[processor.name].opened?.() ?? before + 1;
        expect(after - before).toBe(1);
      });

      it('does not call a payment paid that nobody has paid', async () => {
        const payment = await planned();
        const created = await processor.create(payment);
        const outcome = await processor.retrieve({ ...payment, externalId: idOf(created) ?? null });
        expect(STATES).toContain(outcome.state);
        expect(outcome.state).not.toBe('paid');
      });

      it('refuses call-backs that are none, without an error', () => {
        const { callbacks } = processor;
        for (const text of ['', '{}', 'null', '[]', '{"id":', '\u0000', 'x'.repeat(100_000)]) {
          const header = 't=1,v1=00';
          const headers = { 'stripe-signature': header, 'x-afterdark-signature': header };
          expect(callbacks?.verify(text, {})).toBeUndefined();
          expect(callbacks?.verify(text, headers)).toBeUndefined();
        }
      });

      it('returns an outcome when nobody answers, and never says that it was paid', async () => {
        const [fresh, known] = [await planned(), await planned()];
        const externalId = idOf(await processor.create(known)) ?? null;
        await members[processor.name].cutOff();
        const outcomes = [await processor.create(fresh), await processor.retrieve({ ...known, externalId })];
        expect(outcomes.filter(({ state }) => !STATES.has(state) || state === 'paid')).toEqual([]);
        const details = outcomes.flatMap((outcome) =>
          'detail' in outcome ? [outcome.detail ?? 'none'] : [],
        );
        expect(details.filter((detail) => !STABLE_WORD.test(detail))).toEqual([]);
      }, 90_000);
    },
  );
});

onEachDatabase('payment processors that are not set up', { entities: [] }, (open) => {
  it('say so, and are refused by name', async () => {
    const billing = await BillingApp.start((await open()).config, { STRIPE_SECRET_KEY: '' });
    const processors = billing.app.get(PaymentProcessors);
    for (const { name, isConfigured } of processors.all) {
      expect(isConfigured).toBe(false);
      expect(() => processors.configured(name)).toThrow(
        expect.objectContaining({ status: 501, code: 'provider_not_configured' }),
      );
    }
    await billing.close();
  });
});
