import { createHash, ECDH } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { HDKey } from '@scure/bip32';
import { AppConfig } from '../../../../config/config.js';
import { UnitOfWork } from '../../../../database/unit-of-work.js';
import type { Hex } from '../chain/chain-reader.js';
import { AddressSequence } from './address-sequence.entity.js';

export interface DepositAddress {
  keyId: string;
  addressIndex: number;
  /** Lower case. */
  address: Hex;
}

/** Gives out the addresses of the extended public key, each once. Nothing here can spend. */
@Injectable()
export class DepositAddresses {
  constructor(
    private readonly config: AppConfig,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** The next address. It is used up from here on, whatever becomes of the invoice. */
  async take(): Promise<DepositAddress> {
    const { xpub } = this.config.crypto;
    const keyId = createHash('sha256').update(xpub).digest('hex').slice(0, 32);
    const addressIndex = await this.nextIndex(keyId);
    return { keyId, addressIndex, address: await addressOf(xpub, addressIndex) };
  }

  private nextIndex(id: string): Promise<number> {
    return this.unitOfWork.run(async (manager) => {
      const insert = manager.createQueryBuilder().insert().into(AddressSequence);
      await insert.values({ id, nextIndex: 0 }).orIgnore().execute();
      await manager.increment(AddressSequence, { id }, 'nextIndex', 1);
      return (await manager.findOneByOrFail(AddressSequence, { id })).nextIndex - 1;
    });
  }
}

/** The address of a child, as wallets show it for `m/44'/60'/0'/0/{index}`. */
export async function addressOf(xpub: string, index: number): Promise<Hex> {
  const { keccak256 } = await import('viem');
  const { publicKey } = HDKey.fromExtendedKey(xpub).deriveChild(index);
  if (!publicKey) throw new Error('the extended key has no public key');
  const point = ECDH.convertKey(publicKey, 'secp256k1', undefined, undefined, 'uncompressed') as Buffer;
  return `0x${keccak256(point.subarray(1)).slice(-40)}`;
}

/** With the checksum of EIP-55, as it is shown to payers. */
export async function checksummed(address: string): Promise<string> {
  const { getAddress } = await import('viem');
  return getAddress(address);
}
