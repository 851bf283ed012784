import type { FlagSpecs, FlagValues } from '../flags.js';

/** Which offers are wanted; the same words for `list` and `reserve`. */
export const FILTER_FLAGS = {
  'min-vram': { kind: 'number', value: 'GB', help: 'least memory per GPU' },
  'max-price': { kind: 'number', value: 'DOLLARS', help: 'highest price per hour' },
  'gpu-model': { kind: 'text', value: 'NAME', help: 'part of the GPU name, e.g. "RTX 4090" or h100' },
  location: { kind: 'text', value: 'PLACE', help: 'country code or part of the location' },
  'min-gpus': { kind: 'number', value: 'N', help: 'least GPUs in one machine' },
  verified: { kind: 'switch', help: 'only machines the farm has verified' },
  'min-reliability': { kind: 'number', value: '0..1', help: 'least reliability' },
} as const satisfies FlagSpecs;

/** The filters as the server calls them; those not given are undefined. */
export function filtersOf(
  flags: FlagValues<typeof FILTER_FLAGS>,
): Record<string, string | number | true | undefined> {
  return {
    min_vram: flags['min-vram'],
    max_price: flags['max-price'],
    gpu_model: flags['gpu-model'],
    location: flags.location,
    min_gpus: flags['min-gpus'],
    verified: flags.verified || undefined,
    min_reliability: flags['min-reliability'],
  };
}
