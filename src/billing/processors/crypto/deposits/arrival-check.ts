import { Injectable } from '@nestjs/common';
import type { ChainReader, Hex } from '../chain/chain-reader.js';
import type { NetworkChain } from '../chain/network-chain.js';
import type { CryptoInvoice } from '../invoices/crypto-invoice.entity.js';
import type { CryptoDeposit } from './crypto-deposit.entity.js';
import { CryptoDepositRepository } from './crypto-deposit.repository.js';
import { evidenceOf } from './deposit-evidence.js';

/** A deposit and the block that it is judged at. */
export interface Arrival {
  deposit: CryptoDeposit;
  invoice: CryptoInvoice;
  reader: ChainReader;
  /** Newest block that counts for this deposit. */
  blockNumber: number;
}

/** Looks past the logs: at the balance that must be there, and at what another endpoint says. */
@Injectable()
export class ArrivalCheck {
  constructor(private readonly deposits: CryptoDepositRepository) {}

  /**
   * What has really arrived of a deposit. Less than its log says when the token keeps a fee, or when the log lies.
   * A coin's deposit was found by its balance and needs no such look.
   */
  async arrivedUnits(arrival: Arrival): Promise<bigint> {
    const { deposit, invoice, reader, blockNumber } = arrival;
    const units = BigInt(deposit.units);
    if (deposit.token === null) return units;
    const accounted = accountedUnits(deposit, await this.deposits.ofInvoice(invoice.id));
    const token = deposit.token as Hex;
    const balance = await reader.tokenBalance(token, invoice.address as Hex, blockNumber);
    if (balance >= accounted + units) return units;
    const rest = balance + (await sentUnits(arrival, token)) - accounted;
    if (rest <= 0n) return 0n;
    return rest < units ? rest : units;
  }

  /** Whether a second endpoint has the deposit in the same block. False when there is none that answers. */
  async isWitnessed(chain: NetworkChain, { deposit, invoice, reader }: Arrival): Promise<boolean> {
    const witness = await chain.witness();
    if (!witness) return false;
    const evidence = await evidenceOf(witness, deposit, invoice.address);
    if (evidence.verdict !== 'there' || evidence.place.block.hash !== deposit.blockHash) return false;
    if (deposit.token !== null) return evidence.place.units === BigInt(deposit.units);
    const address = invoice.address as Hex;
    const balance = await reader.coinBalance(address, deposit.blockNumber);
    return (await witness.coinBalance(address, deposit.blockNumber)) === balance;
  }
}

/** What the invoice's other deposits account for in the token. */
function accountedUnits(deposit: CryptoDeposit, all: readonly CryptoDeposit[]): bigint {
  return all
    .filter(({ id, token }) => id !== deposit.id && token === deposit.token)
    .filter(({ state }) => state === 'credited' || state === 'dust')
    .reduce((sum, { creditedUnits, units }) => sum + BigInt(creditedUnits ?? units), 0n);
}

async function sentUnits({ invoice, reader, blockNumber }: Arrival, token: Hex): Promise<bigint> {
  const range = { from: invoice.createdBlock, to: blockNumber };
  const sightings = await reader.transfersFrom(invoice.address as Hex, token, range);
  return sightings.reduce((sum, { units }) => sum + units, 0n);
}
