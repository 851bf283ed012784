export interface Capacity {
  /** Nominal memory of one GPU. */
  vramGb: number;
  /** Credits per hour, as the user is charged. */
  pricePerHour: number;
}

/** Larger cards first. */
const WEIGHT_BY_VRAM: readonly (readonly [vramGb: number, weight: number])[] = [
  [80, 3],
  [40, 2],
  [24, 1.5],
];

/** Below this price an instance is worth using more. */
const CHEAP_PRICE_PER_HOUR = 1;
const CHEAP_FACTOR = 1.2;

/** How much of the traffic an instance takes relative to others, from 1 (small and dear) to 3.6 (80 GB and cheap). */
export function weightOf({ vramGb, pricePerHour }: Capacity): number {
  const base = WEIGHT_BY_VRAM.find(([atLeastGb]) => vramGb >= atLeastGb)?.[1] ?? 1;
  // Rounded: 1.5 × 1.2 is no float, and people read these numbers.
  return pricePerHour < CHEAP_PRICE_PER_HOUR ? Math.round(base * CHEAP_FACTOR * 100) / 100 : base;
}
