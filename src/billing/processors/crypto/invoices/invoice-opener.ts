import { Injectable } from '@nestjs/common';
import { Clock } from '../../../../common/clock.js';
import { newId } from '../../../../common/id.js';
import { AppConfig } from '../../../../config/config.js';
import type { CryptoAsset } from '../../../../config/crypto-network.js';
import type { Payment } from '../../../payments/payment.entity.js';
import type { Block } from '../chain/chain-reader.js';
import type { NetworkChain } from '../chain/network-chain.js';
import { ChainCursors } from '../watch/chain-cursors.js';
import type { CryptoInvoice } from './crypto-invoice.entity.js';
import { CryptoInvoiceRepository } from './crypto-invoice.repository.js';
import { DepositAddresses, type DepositAddress } from './deposit-addresses.js';
import { unitsForMicro } from './quote.js';

/** How long an address is looked at after its invoice has expired. */
export const WATCH_AFTER_EXPIRY_MS = 30 * 86_400_000;

/** Makes the invoice of a payment, once. */
@Injectable()
export class InvoiceOpener {
  constructor(
    private readonly addresses: DepositAddresses,
    private readonly invoices: CryptoInvoiceRepository,
    private readonly cursors: ChainCursors,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /**
   * The chain is read from the newest block on before anybody learns the address.
   * @throws ChainUnavailable, ChainMismatch
   */
  async open(payment: Payment, chain: NetworkChain, asset: CryptoAsset): Promise<CryptoInvoice> {
    const head = await (await chain.reader()).head();
    await this.cursors.begin(chain.network.chainId, head);
    const address = await this.addresses.take();
    return this.invoices.claim(this.invoiceOf(payment, chain, asset, { address, head }));
  }

  private invoiceOf(
    { id: paymentId, userId, amountMicro, instructions }: Payment,
    { network }: NetworkChain,
    asset: CryptoAsset,
    { address, head }: { address: DepositAddress; head: Block },
  ): CryptoInvoice {
    const now = this.clock.now();
    const expiresAt = now + this.config.crypto.invoiceTtlMs;
    const { refundWallet } = instructions;
    return {
      id: newId(),
      paymentId,
      userId,
      chainId: network.chainId,
      network: network.name,
      asset: asset.symbol,
      ...address,
      quotedUnits: unitsForMicro(amountMicro, asset).toString(),
      quotedMicro: amountMicro,
      priceMicro: asset.priceMicro,
      decimals: asset.decimals,
      refundWallet: typeof refundWallet === 'string' ? refundWallet : null,
      creditedMicro: 0,
      isPaidLate: false,
      isExpired: false,
      createdBlock: head.number,
      rescanFrom: null,
      coinBlock: head.number,
      coinSentCount: 0,
      coinSpentUnits: '0',
      coinFindings: 0,
      expiresAt,
      watchUntil: expiresAt + WATCH_AFTER_EXPIRY_MS,
      createdAt: now,
    };
  }
}
