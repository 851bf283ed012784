import { Injectable, Logger } from '@nestjs/common';
import type { CryptoAsset } from '../../../config/crypto-network.js';
import { paymentProviderUnavailable } from '../../billing.errors.js';
import type { PaymentPlan, PaymentRequest } from '../payment-processor.js';
import { ChainMismatch, ChainUnavailable } from './chain/chain-errors.js';
import { Chains } from './chain/chains.js';
import type { NetworkChain } from './chain/network-chain.js';
import {
  amountTooLarge,
  amountTooSmall,
  payerNeeded,
  unsupportedAsset,
  unsupportedNetwork,
} from './crypto.errors.js';
import { readRefundWallet } from './invoices/refund-wallet.js';
import { WITNESSED_MICRO } from './watch/credit-rules.js';

const RETRY_AFTER_SECONDS = 30;

/** Where and in what a payment is made. */
export interface CryptoChoice {
  chain: NetworkChain;
  asset: CryptoAsset;
}

/** Decides on the network and asset of a payment, and whether it can be made there now. */
@Injectable()
export class CryptoPlanner {
  private readonly logger = new Logger(CryptoPlanner.name);

  constructor(private readonly chains: Chains) {}

  /** @throws DomainError 422 for what cannot be paid here, 503 when the network cannot be read at the moment */
  async plan(request: PaymentRequest): Promise<PaymentPlan> {
    if (request.isOffSession) throw payerNeeded();
    const preference = request.preference?.kind === 'crypto' ? request.preference : undefined;
    const { chain, asset } = this.choose(preference?.network, request.asset);
    const { name: network } = chain.network;
    requirePossibleAmount(chain, request.amountMicro);
    await this.requireAnswer(chain);
    const { wallet: refundWallet, warnings } = await readRefundWallet(preference?.wallet);
    const instructions = { network, asset: asset.symbol, refundWallet };
    return { method: `crypto:${network}`, instructions, warnings };
  }

  /** @throws DomainError 422 `unsupported_network`, `unsupported_asset` */
  choose(networkName: string | undefined, symbol: string | undefined): CryptoChoice {
    const wanted = symbol?.toUpperCase();
    const chain = networkName === undefined ? this.firstWith(wanted) : this.chains.find(networkName);
    if (!chain) throw unsupportedNetwork(this.chains.all.map(({ network }) => network.name));
    const asset = assetOf(chain, wanted);
    if (!asset)
      throw unsupportedAsset(
        chain.network.name,
        offered(chain).map(({ symbol }) => symbol),
      );
    return { chain, asset };
  }

  /** Whoever names no network gets the first that has what they want. */
  private firstWith(symbol: string | undefined): NetworkChain | undefined {
    const { all } = this.chains;
    return all.find((chain) => assetOf(chain, symbol)) ?? all[0];
  }

  private async requireAnswer(chain: NetworkChain): Promise<void> {
    try {
      await (await chain.reader()).head();
    } catch (error) {
      if (error instanceof ChainUnavailable) chain.preferNext(error);
      else if (error instanceof ChainMismatch)
        this.logger.error({ msg: 'wrong endpoint', reason: error.message });
      else throw error;
      throw paymentProviderUnavailable(RETRY_AFTER_SECONDS);
    }
  }
}

/** The asset of this name; without a name the first stablecoin. */
function assetOf(chain: NetworkChain, symbol: string | undefined): CryptoAsset | undefined {
  const assets = offered(chain);
  if (symbol !== undefined) return assets.find((asset) => asset.symbol === symbol);
  return assets.find(({ kind }) => kind === 'stablecoin') ?? assets[0];
}

function offered({ network }: NetworkChain): CryptoAsset[] {
  return network.assets.filter(({ isPaused }) => !isPaused);
}

function requirePossibleAmount({ network, hasWitness }: NetworkChain, amountMicro: number): void {
  if (amountMicro < network.minDepositMicro) throw amountTooSmall(network.minDepositMicro);
  if (amountMicro > WITNESSED_MICRO && !hasWitness) throw amountTooLarge(WITNESSED_MICRO);
}
