import { Injectable } from '@nestjs/common';
import { TransactionListView } from '../billing/payments/payment.view.js';
import { PaymentsService } from '../billing/payments/payments.service.js';
import { CreditsView } from '../credits/credits.view.js';
import { LedgerService } from '../credits/ledger/ledger.service.js';
import type { Channel, GaugeChannel } from './channels.js';
import { GaugeNumbers, type GaugeSnapshot } from './gauge-numbers.js';
import { GpuSnapshots } from './gpu-snapshots.js';
import { MarketWatch } from './market-watch.js';

/** The present state behind a channel, in the form in which its GET shows it. */
@Injectable()
export class Snapshots {
  constructor(
    private readonly gpu: GpuSnapshots,
    private readonly ledger: LedgerService,
    private readonly payments: PaymentsService,
    private readonly market: MarketWatch,
    private readonly numbers: GaugeNumbers,
  ) {}

  async of(channel: Exclude<Channel, 'market'>, userId: string): Promise<object> {
    switch (channel) {
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

  /** @param userId may be absent for `market`, which is the same for everybody */
  gauge(channel: GaugeChannel, userId = ''): Promise<GaugeSnapshot> {
    if (channel === 'market') return this.market.snapshot();
    return this.numbers.snapshot(channel, () => this.of(channel, userId));
  }
}
