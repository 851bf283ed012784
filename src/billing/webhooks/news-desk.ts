import { Injectable } from '@nestjs/common';
import { Disputes } from '../disputes/disputes.service.js';
import { PaymentMethods } from '../methods/payment-methods.service.js';
import { PaymentSync } from '../payments/payment-sync.service.js';
import type { PaymentProviderName } from '../payments/payment.entity.js';
import type { CallbackNews } from '../processors/callback-reader.js';
import { RefundNewsReader } from '../refunds/refund-news.js';

/** Hands news of a processor to whom they concern. */
@Injectable()
export class NewsDesk {
  constructor(
    private readonly sync: PaymentSync,
    private readonly refunds: RefundNewsReader,
    private readonly disputes: Disputes,
    private readonly methods: PaymentMethods,
  ) {}

  async act(provider: PaymentProviderName, news: CallbackNews): Promise<void> {
    switch (news.kind) {
      case 'payment':
        return this.sync.recordNews(provider, news);
      case 'refund':
        return this.refunds.record(provider, news);
      case 'dispute':
        return this.disputes.recordNews(provider, news);
      case 'method':
        return this.methods.keep(news.userId, provider, news.method);
      case 'method_removed':
        return this.methods.forget(provider, news.externalId);
    }
  }
}
