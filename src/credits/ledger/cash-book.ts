import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { PlatformPoster } from './platform-poster.js';
import type { ClearingAccount } from './transfer-codes.js';

/** Dollars that came in over a processor, or (negative) went back over it. */
export interface CashMovement {
  clearing: ClearingAccount;
  /** Millionths of a dollar; zero is nothing to write. */
  amountMicro: number;
  /** That of the credits which came or went with it. */
  idempotencyKey: string;
  /** The payment. */
  reference: string;
}

/** The dollars behind the credits that are sold, written in the transaction that moves the credits. */
@Injectable()
export class CashBook {
  constructor(
    private readonly poster: PlatformPoster,
    private readonly clock: Clock,
  ) {}

  async record({ clearing, amountMicro, ...facts }: CashMovement, manager: EntityManager): Promise<void> {
    const eventAt = this.clock.now();
    const posting =
      amountMicro > 0
        ? { code: 'payment' as const, from: clearing, to: 'sales' as const, amountMicro }
        : {
            code: 'payment_return' as const,
            from: 'sales' as const,
            to: clearing,
            amountMicro: -amountMicro,
          };
    await this.poster.post({ ...facts, ...posting, eventAt }, manager);
  }
}
