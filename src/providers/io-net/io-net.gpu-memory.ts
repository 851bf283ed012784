/**
 * Nominal GB by model: the API names the hardware and tells no memory. Sources: the makers' data sheets. The first
 * line that fits wins.
 */
const MEMORY_GB: readonly (readonly [pattern: RegExp, gb: number])[] = [
  [/\bB300\b/i, 288],
  [/\bMI300X\b/i, 192],
  [/\bG?B200\b/i, 180],
  [/\bGH200\b|PRO 6000/i, 96],
  [/\bH200\b/i, 141],
  [/\bH100 NVL\b/i, 94],
  [/\bH100\b|\bH800\b|\bA800\b/i, 80],
  [/6000 ?ADA|A6000|\bL40S?\b|\bA40\b|PRO 5000/i, 48],
  // Sold with 40 or 80, and with 16 or 32: without a size in the name the smaller is sure.
  [/\bA100\b/i, 40],
  [/5000 ?ADA|\b5090\b/i, 32],
  [/\b4090\b|\b3090\b|\bL4\b|\bA10G?\b|\bA30\b|A5000|RTX 6000|TITAN RTX|PRO 4000|4500 ?ADA/i, 24],
  [/A4500|4000 ?ADA/i, 20],
  [/\b5080\b|\b5070 Ti\b|\b4080\b|\b4070 Ti SUPER\b|A4000|\bV100\b|\bT4\b|\bP100\b/i, 16],
  [/\b5070\b|\b4070\b|\b3080 Ti\b|\b3060\b(?! Ti)/i, 12],
  [/\b2080 Ti\b/i, 11],
  [/\b3080\b/i, 10],
  [/\b4060\b|\b3070\b|\b3060 Ti\b|\b2080\b|\b2070\b/i, 8],
  [/A2000|\b2060\b/i, 6],
];

/** A size in the name, such as `80GB` or `80G`, tells more than the model: an A100 has 40 or 80. */
const SIZE_IN_NAME = /\b(\d{1,3}) ?GB?\b/i;

/** @returns 0 for a GPU that nobody knows */
export function gpuMemoryGb(hardwareName: string): number {
  const name = hardwareName.replace(/[-_]+/g, ' ');
  const inName = SIZE_IN_NAME.exec(name)?.[1];
  if (inName) return Number(inName);
  return MEMORY_GB.find(([pattern]) => pattern.test(name))?.[1] ?? 0;
}
