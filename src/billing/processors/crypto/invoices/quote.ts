import type { CryptoAsset } from '../../../../config/crypto-network.js';

type Price = Pick<CryptoAsset, 'priceMicro' | 'decimals'>;

/** Smallest units of the asset that are worth at least so many micro-credits. */
export function unitsForMicro(amountMicro: number, { priceMicro, decimals }: Price): bigint {
  const price = BigInt(priceMicro);
  return (BigInt(amountMicro) * 10n ** BigInt(decimals) + price - 1n) / price;
}

/**
 * Micro-credits that units are worth, rounded down.
 * @throws RangeError beyond 2^53-1 micro-credits
 */
export function microForUnits(units: bigint, { priceMicro, decimals }: Price): number {
  const micro = (units * BigInt(priceMicro)) / 10n ** BigInt(decimals);
  if (micro > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError('more than an account can hold');
  return Number(micro);
}

/** Units as decimal text, without needless zeros: `50000000` of a token with 6 decimals is `50`. */
export function formatUnits(units: bigint, decimals: number): string {
  const digits = units.toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '');
  return fraction === '' ? whole : `${whole}.${fraction}`;
}
