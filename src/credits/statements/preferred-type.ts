/**
 * Which of the types that we have a caller wants most, by its Accept header (RFC 9110, 12.5.1); the first one when it
 * does not care, undefined when it wants none of them.
 */
export function preferredType<T extends string>(
  accept: string | undefined,
  ours: readonly T[],
): T | undefined {
  if (accept === undefined || accept.trim() === '') return ours[0];
  const ranges = accept.split(',').map(readRange);
  const ranked = ours.map((type) => ({ type, quality: qualityOf(type, ranges) }));
  const best = Math.max(...ranked.map(({ quality }) => quality));
  return best > 0 ? ranked.find(({ quality }) => quality === best)?.type : undefined;
}

interface Range {
  type: string;
  quality: number;
}

function readRange(text: string): Range {
  const [type, ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const quality = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
  return { type, quality: Number.isFinite(quality) ? quality : 0 };
}

/** The most exact range that matches decides. */
function qualityOf(type: string, ranges: readonly Range[]): number {
  const candidates = [type, `${type.split('/')[0]}/*`, '*/*'];
  for (const candidate of candidates) {
    const range = ranges.find((one) => one.type === candidate);
    if (range) return range.quality;
  }
  return 0;
}
