/** The memory sizes that GPUs are sold with, in GB. */
const MARKET_SIZES_GB = [
  6, 8, 10, 11, 12, 16, 20, 24, 32, 40, 48, 64, 80, 94, 96, 141, 180, 192, 288,
] as const;

const MIB_PER_GB = 1024;
/** Drivers report a little less than the nominal size: an L4 of 24 GB has 23034 MiB, an L40S of 48 GB 46068. */
const SHORTFALL_GB = 0.5;

/**
 * The nominal size of a GPU: the smallest market size that is at least MiB/1024 - 0.5.
 * @param mebibytes what the driver reports per GPU, e.g. 24564 (24 GB) or 81559 (80 GB); 0 = unknown
 */
export function nominalVramGb(mebibytes: number): number {
  if (mebibytes <= 0) return 0;
  const leastGb = mebibytes / MIB_PER_GB - SHORTFALL_GB;
  return MARKET_SIZES_GB.find((size) => size >= leastGb) ?? Math.round(mebibytes / MIB_PER_GB);
}

/**
 * The bound to push down for "nominal size >= `vramGb`": every GPU of that size or above reports more MiB than this.
 * `undefined` when all sizes pass.
 */
export function mebibytesBelow(vramGb: number): number | undefined {
  const sizeBelow = MARKET_SIZES_GB.findLast((size) => size < vramGb);
  return sizeBelow === undefined ? undefined : Math.floor((sizeBelow + SHORTFALL_GB) * MIB_PER_GB);
}
