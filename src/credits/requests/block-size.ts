/** 0.10 credit: some hundred requests at usual prices, and little enough to be missed nowhere else for a moment. */
const USUAL_BLOCK_MICRO = 100_000;
const SHARE_OF_AVAILABLE = 20;

/**
 * How much to hold for the next requests: what the one at hand needs, or 0.10 credit, but no more than 5 % of what is
 * available, so that blocks of several processes do not lock up a small account.
 */
export function blockSize(neededMicro: number, availableMicro: number): number {
  return Math.max(neededMicro, Math.min(USUAL_BLOCK_MICRO, Math.floor(availableMicro / SHARE_OF_AVAILABLE)));
}
