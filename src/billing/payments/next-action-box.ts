import { Injectable } from '@nestjs/common';
import { SecretBox } from '../../secrets/secret-box.js';
import type { NextAction } from '../processors/payment-processor.js';
import type { Payment } from './payment.entity.js';

/** Keeps the payer's next step in the payment's row: encrypted, because a client secret lets its holder confirm. */
@Injectable()
export class NextActionBox {
  constructor(private readonly box: SecretBox) {}

  seal(paymentId: string, action: NextAction | undefined): string | null {
    return action ? this.box.seal(action, placeOf(paymentId)) : null;
  }

  open({ id, sealedNextAction }: Payment): NextAction | undefined {
    return sealedNextAction === null ? undefined : this.box.open<NextAction>(sealedNextAction, placeOf(id));
  }
}

function placeOf(paymentId: string): string {
  return `payments|${paymentId}|next_action`;
}
