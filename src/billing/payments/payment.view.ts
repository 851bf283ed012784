import { creditsFromMicro } from '../../common/money.js';
import type { NextAction, PaymentWarning } from '../processors/payment-processor.js';
import type { Payment } from './payment.entity.js';

/** A payment as its owner sees it. */
export class TransactionView {
  id: string;
  /** What was asked for, in USD. */
  amount: number;
  currency: string;
  /**
   * pending, requires_action, completed, failed, canceled, expired, partially_paid, refunded, partially_refunded or
   * disputed. Credits are there from `completed` on (for `partially_paid`: those in `credited`).
   */
  status: string;
  /** More about the status, e.g. `overpaid`, `paid_late`, `card_declined`. */
  detail?: string;
  payment_provider: string;
  /** `card`, `checkout`, `crypto:ethereum`… */
  payment_method: string;
  /** The processor's id. */
  external_id: string | null;
  /** Credits posted for it. */
  credited: number;
  /** Credits taken back by refunds. */
  refunded: number;
  created_at: string;
  completed_at: string | null;

  static from(payment: Payment): TransactionView {
    return {
      id: payment.id,
      amount: creditsFromMicro(payment.amountMicro),
      currency: payment.currency,
      status: payment.status === 'created' ? 'pending' : payment.status,
      ...(payment.detail === null ? {} : { detail: payment.detail }),
      payment_provider: payment.provider,
      payment_method: payment.method,
      external_id: payment.externalId,
      credited: creditsFromMicro(payment.creditedMicro),
      refunded: creditsFromMicro(payment.refundedMicro),
      created_at: new Date(payment.createdAt).toISOString(),
      completed_at: payment.completedAt === null ? null : new Date(payment.completedAt).toISOString(),
    };
  }
}

/** One payment, with the payer's next step as POST billing/payment told it, as long as it is open. */
export class SingleTransactionView extends TransactionView {
  next_action?: Record<string, unknown>;

  static override from(payment: Payment, nextAction?: NextAction): SingleTransactionView {
    return { ...TransactionView.from(payment), ...(nextAction ? { next_action: { ...nextAction } } : {}) };
  }
}

/** A part of the request that was left out. */
export class WarningView {
  code: string;
  detail: string;
}

export class PaymentView {
  transaction: TransactionView;
  /**
   * What the payer has to do: {type: "confirm", client_secret}, {type: "redirect", url} or {type: "pay_to_address",
   * network, chain_id, asset, address, amount, expires_at}.
   */
  next_action?: Record<string, unknown>;
  /** Parts of the request that were left out though the payment goes on. */
  warnings?: WarningView[];

  static from(
    payment: Payment,
    nextAction: NextAction | undefined,
    warnings: readonly PaymentWarning[] = [],
  ): PaymentView {
    return {
      transaction: TransactionView.from(payment),
      ...(nextAction ? { next_action: { ...nextAction } } : {}),
      ...(warnings.length > 0 ? { warnings: warnings.map(({ code, detail }) => ({ code, detail })) } : {}),
    };
  }
}

export class TransactionListView {
  /** Newest first. */
  transactions: TransactionView[];
  /** Rows in this page. */
  count: number;
  /** Asks for the next page; null at the end. */
  next_cursor: string | null;

  static from(page: { rows: readonly Payment[]; nextCursor: string | null }): TransactionListView {
    const transactions = page.rows.map((payment) => TransactionView.from(payment));
    return { transactions, count: transactions.length, next_cursor: page.nextCursor };
  }
}
