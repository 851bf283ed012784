import { Injectable } from '@nestjs/common';
import { TransactionListView } from '../billing/payments/payment.view.js';
import { PaymentsService } from '../billing/payments/payments.service.js';
import { CreditsView } from '../credits/credits.view.js';
import { LedgerService } from '../credits/ledger/ledger.service.js';
import type { Channel } from './channels.js';
import { GpuSnapshots } from './gpu-snapshots.js';

/** The present state behind a channel, in the form in which its GET shows it. */
@Injectable()
export class Snapshots {
  constructor(
    private readonly gpu: GpuSnapshots,
    private readonly ledger: LedgerService,
    private readonly payments: PaymentsService,
  ) {}

  /** @param userId may be absent for `market` only */
  async of(channel: Channel, userId = ''): Promise<object> {
    switch (channel) {
      case 'market':
        return this.gpu.market();
      case 'rentals':
        return this.gpu.rentals(userId);
      case 'reservations':
        return this.gpu.reservations(userId);
      case 'load':
        return this.gpu.loads(userId);
      case 'credits':
        return CreditsView.from(await this.ledger.balanceOf(userId));
      case 'payments':
        return TransactionListView.from(await this.payments.listOwn(userId, {}));
    }
  }
}
