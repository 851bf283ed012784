import { Injectable } from '@nestjs/common';
import type { ChainFacts } from '../chain/chain-facts.js';
import type { CryptoDeposit } from '../deposits/crypto-deposit.entity.js';
import { CryptoDepositRepository } from '../deposits/crypto-deposit.repository.js';
import { evidenceOf } from '../deposits/deposit-evidence.js';
import { DepositRecorder } from '../deposits/deposit-recorder.js';
import type { CryptoInvoice } from '../invoices/crypto-invoice.entity.js';
import { CryptoInvoiceRepository } from '../invoices/crypto-invoice.repository.js';
import { reorgDepth, type ChainView } from './chain-view.js';

/** A deposit that is in the chain, as its row says it now. */
export interface TrackedDeposit {
  deposit: CryptoDeposit;
  invoice: CryptoInvoice;
}

/** Follows deposits that wait to be credited through reorganisations. */
@Injectable()
export class DepositTracker {
  constructor(
    private readonly deposits: CryptoDepositRepository,
    private readonly invoices: CryptoInvoiceRepository,
    private readonly recorder: DepositRecorder,
  ) {}

  /** Asks the chain anew. Undefined: it is not there at the moment, or nobody can tell. */
  async track(
    facts: ChainFacts,
    { head, network }: ChainView,
    deposit: CryptoDeposit,
  ): Promise<TrackedDeposit | undefined> {
    const invoice = await this.invoices.get(deposit.invoiceId);
    const evidence = await evidenceOf(facts, deposit, invoice.address);
    switch (evidence.verdict) {
      case 'unclear':
        return undefined;
      case 'gone':
        await this.miss(deposit, head.number, reorgDepth(network));
        return undefined;
      case 'there':
        await this.recorder.place(deposit, evidence.place);
        return { deposit: await this.deposits.get(deposit.id), invoice };
    }
  }

  /** A coin's deposit is found anew by its balance; a token's transaction may be included again. */
  private async miss(deposit: CryptoDeposit, headNumber: number, patience: number): Promise<void> {
    const { id, token, missingSinceBlock } = deposit;
    const isHopeless = missingSinceBlock !== null && headNumber - missingSinceBlock > patience;
    if (token === null || isHopeless) {
      await this.deposits.change(id, ['confirming', 'missing'], { state: 'dropped' });
    } else if (missingSinceBlock === null) {
      const missing = { state: 'missing', missingSinceBlock: headNumber } as const;
      await this.deposits.change(id, ['confirming'], missing);
    }
  }
}
