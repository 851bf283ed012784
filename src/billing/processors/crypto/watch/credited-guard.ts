import { Injectable } from '@nestjs/common';
import { askingOnce, type ChainFacts } from '../chain/chain-facts.js';
import type { ChainReader } from '../chain/chain-reader.js';
import type { NetworkChain } from '../chain/network-chain.js';
import type { CryptoDeposit } from '../deposits/crypto-deposit.entity.js';
import { CryptoDepositRepository } from '../deposits/crypto-deposit.repository.js';
import { evidenceOf, type Evidence } from '../deposits/deposit-evidence.js';
import { DepositRecorder, type Place } from '../deposits/deposit-recorder.js';
import { DepositReverser } from '../deposits/deposit-reverser.js';
import type { CryptoInvoice } from '../invoices/crypto-invoice.entity.js';
import { CryptoInvoiceRepository } from '../invoices/crypto-invoice.repository.js';
import { reorgDepth, type ChainView } from './chain-view.js';
import { receivedCoins, recordedCoins } from './coin-receipts.js';

/** A chain without finality: blocks this many reorganisations deep count as final. */
const FINAL_REORG_DEPTHS = 4;

/** Keeps an eye on deposits that were credited by confirmations until their blocks are final. */
@Injectable()
export class CreditedGuard {
  constructor(
    private readonly deposits: CryptoDepositRepository,
    private readonly invoices: CryptoInvoiceRepository,
    private readonly recorder: DepositRecorder,
    private readonly reverser: DepositReverser,
  ) {}

  async run(chain: NetworkChain, view: ChainView): Promise<void> {
    const facts = askingOnce(view.reader);
    for (const deposit of await this.deposits.unsettled(view.network.chainId)) {
      view.signal.throwIfAborted();
      const invoice = await this.invoices.get(deposit.invoiceId);
      const evidence = await this.evidence(facts, view, { deposit, invoice });
      if (evidence.verdict === 'there') await this.confirm(view, deposit, evidence.place);
      if (evidence.verdict === 'gone') await this.miss(chain, view, { deposit, invoice });
    }
  }

  /** A coin's deposit stands as long as the address has received all that was credited, in whatever blocks. */
  private async evidence(
    facts: ChainFacts,
    view: ChainView,
    { deposit, invoice }: { deposit: CryptoDeposit; invoice: CryptoInvoice },
  ): Promise<Evidence> {
    const { reader, settled } = view;
    const evidence = await evidenceOf(facts, deposit, invoice.address);
    if (deposit.token !== null || evidence.verdict !== 'gone') return evidence;
    if (!settled || settled.number < deposit.blockNumber) return { verdict: 'unclear' };
    const received = await receivedCoins(reader, invoice, settled);
    const recorded = recordedCoins(await this.deposits.ofInvoice(invoice.id));
    if (received.units < recorded) return evidence;
    return { verdict: 'there', place: { block: settled, units: BigInt(deposit.units) } };
  }

  private async confirm(view: ChainView, deposit: CryptoDeposit, place: Place): Promise<void> {
    const { head, finalizedNumber = head.number - FINAL_REORG_DEPTHS * reorgDepth(view.network) } = view;
    await this.recorder.place(deposit, place);
    const isFinal = place.block.number <= finalizedNumber;
    if (isFinal || deposit.missingSinceBlock !== null)
      await this.deposits.change(deposit.id, ['credited'], { isFinal, missingSinceBlock: null });
  }

  /** Taken back once it has been missing for as many blocks as were enough to credit it, and no endpoint knows it. */
  private async miss(
    chain: NetworkChain,
    { network, head }: ChainView,
    { deposit, invoice }: { deposit: CryptoDeposit; invoice: CryptoInvoice },
  ): Promise<void> {
    const { id, missingSinceBlock } = deposit;
    if (missingSinceBlock === null) {
      await this.deposits.change(id, ['credited'], { missingSinceBlock: head.number });
      return;
    }
    const patience = network.confirmations ?? reorgDepth(network);
    if (head.number - missingSinceBlock < patience) return;
    if (chain.hasWitness && !(await isGoneFor(await chain.witness(), deposit, invoice))) return;
    await this.reverser.reverse(deposit);
  }
}

async function isGoneFor(
  witness: ChainReader | undefined,
  deposit: CryptoDeposit,
  invoice: CryptoInvoice,
): Promise<boolean> {
  const evidence = witness && (await evidenceOf(witness, deposit, invoice.address));
  return evidence?.verdict === 'gone';
}
