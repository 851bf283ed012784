/** UTC without a zone and with microseconds, as io.net writes instants: `2025-10-03T06:46:25.316056`. */
export function naiveTime(epochMs: number): string {
  const whole = Math.floor(epochMs);
  const microseconds = Math.floor((epochMs - whole) * 1000);
  return `${new Date(whole).toISOString().slice(0, -1)}${String(microseconds).padStart(3, '0')}`;
}

export function naiveTimeOrNull(epochMs: number | null): string | null {
  return epochMs === null ? null : naiveTime(epochMs);
}
