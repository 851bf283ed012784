import { describe, expect, it } from 'vitest';
import { mebibytesBelow, nominalVramGb } from './nominal-vram.js';

describe('nominalVramGb', () => {
  it.each([
    [6138, 6],
    [8192, 8],
    [10_240, 10],
    [11_264, 11],
    [12_288, 12],
    [15_360, 16],
    [16_376, 16],
    [23_034, 24],
    [24_564, 24],
    [24_576, 24],
    [24_900, 24],
    [32_607, 32],
    [40_960, 40],
    [46_068, 48],
    [49_140, 48],
    [81_559, 80],
    [81_920, 80],
    [95_830, 94],
    [97_887, 96],
    [143_771, 141],
    [183_359, 180],
    [196_608, 192],
    [294_912, 288],
    [524_288, 512],
    [0, 0],
  ])('%i MiB is sold as %i GB', (mebibytes, gigabytes) => {
    expect(nominalVramGb(mebibytes)).toBe(gigabytes);
  });
});

describe('mebibytesBelow', () => {
  it('is never stricter, and not looser, than the nominal size', () => {
    for (let wanted = 1; wanted <= 288; wanted++) {
      const bound = mebibytesBelow(wanted) ?? 0;
      expect([wanted, nominalVramGb(bound + 1) >= wanted]).toEqual([wanted, true]);
      expect([wanted, bound === 0 || nominalVramGb(bound) < wanted]).toEqual([wanted, true]);
    }
  });

  it('lets an L4 through as a GPU of 24 GB', () => {
    expect(mebibytesBelow(24)).toBeLessThan(23_034);
  });
});
