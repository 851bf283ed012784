import { describe, expect, it } from 'vitest';
import { weightOf } from './weights.js';

describe('weightOf', () => {
  it.each([
    { vramGb: 141, pricePerHour: 2.5, weight: 3 },
    { vramGb: 80, pricePerHour: 1, weight: 3 },
    { vramGb: 80, pricePerHour: 0.99, weight: 3.6 },
    { vramGb: 64, pricePerHour: 1.2, weight: 2 },
    { vramGb: 40, pricePerHour: 0.5, weight: 2.4 },
    { vramGb: 32, pricePerHour: 1, weight: 1.5 },
    { vramGb: 24, pricePerHour: 0.3, weight: 1.8 },
    { vramGb: 20, pricePerHour: 1, weight: 1 },
    { vramGb: 0, pricePerHour: 0, weight: 1.2 },
  ])('$vramGb GB at $pricePerHour an hour weigh $weight', ({ vramGb, pricePerHour, weight }) => {
    expect(weightOf({ vramGb, pricePerHour })).toBeCloseTo(weight, 10);
  });
});
