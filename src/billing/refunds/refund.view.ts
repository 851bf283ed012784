import { creditsFromMicro } from '../../common/money.js';
import { TransactionView } from '../payments/payment.view.js';
import type { Payment } from '../payments/payment.entity.js';
import type { PaymentRefund } from './refund.entity.js';

export class RefundView {
  id: string;
  payment_id: string;
  /** USD and credits. */
  amount: number;
  /** pending, succeeded or failed (then the credits are back). */
  status: string;
  detail?: string;
  reason: string;
  external_id: string | null;
  created_at: string;

  static from(refund: PaymentRefund): RefundView {
    return {
      id: refund.id,
      payment_id: refund.paymentId,
      amount: creditsFromMicro(refund.amountMicro),
      status: refund.state,
      ...(refund.detail === null ? {} : { detail: refund.detail }),
      reason: refund.reason,
      external_id: refund.externalId,
      created_at: new Date(refund.createdAt).toISOString(),
    };
  }
}

export class RefundedPaymentView {
  refund: RefundView;
  /** The payment as it is now. */
  transaction: TransactionView;

  static from({ refund, payment }: { refund: PaymentRefund; payment: Payment }): RefundedPaymentView {
    return { refund: RefundView.from(refund), transaction: TransactionView.from(payment) };
  }
}
