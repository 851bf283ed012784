import { Injectable } from '@nestjs/common';
import { Clock } from '../../../common/clock.js';
import { isDomainError } from '../../../common/domain-error.js';
import { AppConfig } from '../../../config/config.js';
import type { Payment } from '../../payments/payment.entity.js';
import type {
  NextAction,
  PaymentPlan,
  PaymentProcessor,
  PaymentRequest,
  PollingPlan,
  ProcessorOutcome,
} from '../payment-processor.js';
import { ChainMismatch, ChainUnavailable } from './chain/chain-errors.js';
import { CryptoPlanner } from './crypto-planner.js';
import type { CryptoInvoice } from './invoices/crypto-invoice.entity.js';
import { CryptoInvoiceRepository } from './invoices/crypto-invoice.repository.js';
import { checksummed } from './invoices/deposit-addresses.js';
import { InvoiceOpener, WATCH_AFTER_EXPIRY_MS } from './invoices/invoice-opener.js';
import { formatUnits } from './invoices/quote.js';

const DAY_MS = 86_400_000;

/**
 * Payments in stablecoins, tokens and coins of EVM networks. Each payment gets an invoice with an address of its own;
 * what arrives there is found, confirmed and credited, in as many parts as it comes, by the job `billing.crypto-watch`.
 */
@Injectable()
export class CryptoProcessor implements PaymentProcessor {
  readonly name = 'crypto';
  readonly isConfigured: boolean;
  /** Only to settle what became of payments whose process died before the invoice was made. */
  readonly polling: PollingPlan;

  constructor(
    { crypto }: AppConfig,
    private readonly planner: CryptoPlanner,
    private readonly opener: InvoiceOpener,
    private readonly invoices: CryptoInvoiceRepository,
    private readonly clock: Clock,
  ) {
    this.isConfigured = crypto.isEnabled;
    this.polling = { intervalMs: 300_000, giveUpAfterMs: crypto.invoiceTtlMs + DAY_MS };
  }

  plan(request: PaymentRequest): Promise<PaymentPlan> {
    return this.planner.plan(request);
  }

  async create(payment: Payment): Promise<ProcessorOutcome> {
    try {
      const invoice = (await this.invoices.findByPayment(payment.id)) ?? (await this.openInvoice(payment));
      return await openOutcome(invoice);
    } catch (error) {
      // Nobody has been told an address, so nothing can arrive: the payer begins anew.
      if (isUnreadable(error)) return { state: 'failed', detail: 'network_unavailable' };
      throw error;
    }
  }

  /** Also makes sure that an old invoice's address is looked at once more. */
  async retrieve(payment: Payment): Promise<ProcessorOutcome> {
    const invoice = await this.invoices.findByPayment(payment.id);
    if (!invoice) return { state: 'failed', detail: 'network_unavailable' };
    const now = this.clock.now();
    if (invoice.watchUntil <= now) await this.invoices.watchAgain(invoice, now + WATCH_AFTER_EXPIRY_MS);
    return invoice.isExpired ? { state: 'expired', externalId: invoice.id } : openOutcome(invoice);
  }

  private openInvoice(payment: Payment): Promise<CryptoInvoice> {
    const { network, asset: symbol } = payment.instructions;
    const { chain, asset } = this.planner.choose(String(network), String(symbol));
    return this.opener.open(payment, chain, asset);
  }
}

async function openOutcome(invoice: CryptoInvoice): Promise<ProcessorOutcome> {
  return { state: 'pending', externalId: invoice.id, nextAction: await nextActionOf(invoice) };
}

async function nextActionOf(invoice: CryptoInvoice): Promise<NextAction> {
  const { network, chainId, asset, address, quotedUnits, decimals, expiresAt } = invoice;
  return {
    type: 'pay_to_address',
    network,
    chain_id: chainId,
    asset,
    address: await checksummed(address),
    amount: formatUnits(BigInt(quotedUnits), decimals),
    expires_at: new Date(expiresAt).toISOString(),
  };
}

function isUnreadable(error: unknown): boolean {
  return error instanceof ChainUnavailable || error instanceof ChainMismatch || isDomainError(error);
}
