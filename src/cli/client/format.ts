const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
];

/** `$0.412/h` */
export function price(dollarsPerHour: number): string {
  return `$${dollarsPerHour.toFixed(3)}/h`;
}

/** Credits as dollars: cents for people, more digits only where an amount is below one cent. */
export function money(credits: number): string {
  const absolute = Math.abs(credits);
  const digits = absolute > 0 && absolute < 0.01 ? 6 : 2;
  return `${credits < 0 ? '-' : ''}$${absolute.toFixed(digits)}`;
}

/** A length of time in its two largest units: `45 s`, `5 min`, `2 h 5 min`, `3 d 4 h`. */
export function span(ms: number): string {
  const first = UNITS.findIndex(([, unitMs]) => ms >= unitMs);
  if (first === -1) return '0 s';
  const [name, unitMs] = UNITS[first];
  const whole = `${Math.floor(ms / unitMs)} ${name}`;
  const [nextName, nextMs] = UNITS[first + 1] ?? ['', Infinity];
  const next = nextName === 's' ? 0 : Math.floor((ms % unitMs) / nextMs);
  return next > 0 ? `${whole} ${next} ${nextName}` : whole;
}

/** An instant as seen from now: `5 min ago`, `in 2 h`, or a dash when there is none. */
export function relative(instant: string | null | undefined, nowMs: number): string {
  const at = instant ? Date.parse(instant) : Number.NaN;
  if (Number.isNaN(at)) return '-';
  return at <= nowMs ? `${span(nowMs - at)} ago` : `in ${span(at - nowMs)}`;
}

/** `2x RTX 4090` */
export function gpus(count: number, model: string): string {
  return count === 1 ? model : `${count}x ${model}`;
}

export function gigabytes(amount: number | null): string {
  return amount === null ? '-' : `${Math.round(amount)} GB`;
}
