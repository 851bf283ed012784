import { DomainError } from '../../../common/domain-error.js';
import { formatCredits } from '../../../common/money.js';
import { invalidAmount } from '../../billing.errors.js';

/** 422: this network is not taken; `networks` are. */
export const unsupportedNetwork = (networks: readonly string[]): DomainError =>
  new DomainError('unsupported_network', 422, `Pay on one of these networks: ${networks.join(', ')}.`, {
    data: { networks },
  });

/** 422: this asset is not taken, on this network or at the moment; `assets` are. */
export const unsupportedAsset = (network: string, assets: readonly string[]): DomainError =>
  new DomainError(
    'unsupported_asset',
    422,
    `On ${network} these are taken: ${assets.join(', ') || 'none'}.`,
    {
      data: { network, assets },
    },
  );

/** 422: the payer of a renewal is not there to send anything. */
export const payerNeeded = (): DomainError =>
  new DomainError(
    'payer_needed',
    422,
    'Crypto payments are sent by the payer and cannot renew by themselves.',
  );

/** 422: so little would not be credited when it arrives. */
export const amountTooSmall = (leastMicro: number): DomainError =>
  invalidAmount(`the least that can be paid in crypto is ${formatCredits(leastMicro)} USD`);

/** 422: so much could not be confirmed by a second endpoint when it arrives. */
export const amountTooLarge = (mostMicro: number): DomainError =>
  invalidAmount(`the most that can be paid on this network is ${formatCredits(mostMicro)} USD`);
