import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AppConfig } from '../../../../config/config.js';
import type { CryptoNetwork } from '../../../../config/crypto-network.js';
import { NetworkChain } from './network-chain.js';
import { ViemChainReader } from './viem-chain-reader.js';

/** The configured networks. A network whose endpoints do not answer at the start is checked when they first do. */
@Injectable()
export class Chains implements OnModuleInit {
  readonly all: readonly NetworkChain[];

  constructor({ crypto }: AppConfig) {
    const networks = crypto.isEnabled ? crypto.networks : [];
    this.all = networks.map((network) => new NetworkChain(network, (url) => ViemChainReader.open(url)));
  }

  /** @throws ChainMismatch, which ends the start, when an endpoint is not what the configuration says */
  async onModuleInit(): Promise<void> {
    await Promise.all(this.all.map((chain) => chain.verify()));
  }

  get networks(): readonly CryptoNetwork[] {
    return this.all.map(({ network }) => network);
  }

  find(name: string): NetworkChain | undefined {
    return this.all.find(({ network }) => network.name === name);
  }
}
