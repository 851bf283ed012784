import type { CryptoNetwork } from '../../../../config/crypto-network.js';
import { ChainMismatch } from './chain-errors.js';
import type { ChainReader, Hex } from './chain-reader.js';

/** Opens a reader; tests put their own in the place of ViemChainReader. */
export type OpenReader = (url: string) => Promise<ChainReader>;

/** An endpoint that is only used once it has proved to be what the configuration says. */
export class ChainEndpoint {
  private verified?: ChainReader;

  constructor(
    private readonly url: string,
    private readonly network: CryptoNetwork,
    private readonly openReader: OpenReader,
  ) {}

  /** @throws ChainUnavailable, ChainMismatch */
  async reader(): Promise<ChainReader> {
    if (this.verified) return this.verified;
    const reader = await this.openReader(this.url);
    await this.requireChain(reader);
    for (const asset of this.network.assets) {
      if (asset.address)
        await this.requireDecimals(reader, asset.address as Hex, asset.decimals, asset.symbol);
    }
    this.verified = reader;
    return reader;
  }

  private async requireChain(reader: ChainReader): Promise<void> {
    const chainId = await reader.chainId();
    if (chainId === this.network.chainId) return;
    const { name } = this.network;
    throw new ChainMismatch(`${reader.name} serves chain ${chainId}, not ${this.network.chainId} (${name})`);
  }

  private async requireDecimals(
    reader: ChainReader,
    token: Hex,
    decimals: number,
    symbol: string,
  ): Promise<void> {
    const actual = await reader.decimals(token);
    if (actual === decimals) return;
    const found = actual === undefined ? 'there is no token' : `the token has ${actual} decimals`;
    throw new ChainMismatch(`${symbol} on ${this.network.name}: ${found} at ${token}, expected ${decimals}`);
  }
}
