const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(\d{1,10})(ms|s|m|h|d)?$/;

/**
 * Reads `30`, `30s`, `5m`, `1h`, `250ms`, `7d`; a bare number is seconds.
 * @throws RangeError when the text is none of these
 */
export function parseDurationMs(text: string): number {
  const match = DURATION.exec(text.trim());
  if (!match) throw new RangeError('not a duration: write 30, 30s, 5m or 1h');
  return Number(match[1]) * UNITS_MS[match[2] ?? 's'];
}

/** Go-style text such as `250ms`, `1.5s`, `2m3s`, as the seed's answers print durations. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  if (ms < 60_000) return `${Number((ms / 1000).toFixed(3))}s`;
  const seconds = Math.round(ms / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return `${hours ? `${hours}h` : ''}${minutes}m${seconds % 60}s`;
}
