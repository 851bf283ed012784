import { Logger } from '@nestjs/common';
import type { CryptoNetwork } from '../../../../config/crypto-network.js';
import { ChainEndpoint, type OpenReader } from './chain-endpoint.js';
import { ChainMismatch, ChainUnavailable } from './chain-errors.js';
import type { ChainReader } from './chain-reader.js';

/** A network and its endpoints: one is asked, the others take over when it fails and bear witness for large sums. */
export class NetworkChain {
  private readonly logger = new Logger(NetworkChain.name);
  private readonly endpoints: readonly ChainEndpoint[];
  private preferred = 0;

  constructor(
    readonly network: CryptoNetwork,
    openReader: OpenReader,
  ) {
    this.endpoints = network.rpcUrls.map((url) => new ChainEndpoint(url, network, openReader));
  }

  get hasWitness(): boolean {
    return this.endpoints.length > 1;
  }

  /**
   * The preferred endpoint that answers.
   * @throws ChainUnavailable when none does, ChainMismatch when one is not what the configuration says
   */
  async reader(): Promise<ChainReader> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.endpoints[this.preferred].reader();
      } catch (error) {
        if (!(error instanceof ChainUnavailable) || attempt === this.endpoints.length) throw error;
        this.preferNext(error);
      }
    }
  }

  /** An endpoint other than the preferred one; undefined when none answers. */
  async witness(): Promise<ChainReader | undefined> {
    for (const [index, endpoint] of this.endpoints.entries()) {
      if (index === this.preferred) continue;
      try {
        return await endpoint.reader();
      } catch (error) {
        if (!(error instanceof ChainUnavailable)) throw error;
        this.warn(error);
      }
    }
    return undefined;
  }

  /** The preferred endpoint has failed or lags: the next round asks another. */
  preferNext(reason: Error): void {
    this.preferred = (this.preferred + 1) % this.endpoints.length;
    this.warn(reason);
  }

  /**
   * Checks every endpoint that answers.
   * @throws ChainMismatch
   */
  async verify(): Promise<void> {
    await Promise.all(
      this.endpoints.map(async (endpoint) => {
        try {
          await endpoint.reader();
        } catch (error) {
          if (error instanceof ChainMismatch) throw error;
          if (error instanceof ChainUnavailable) this.warn(error);
          else throw error;
        }
      }),
    );
  }

  private warn(error: Error): void {
    this.logger.warn({ msg: 'chain endpoint unusable', network: this.network.name, reason: error.message });
  }
}
