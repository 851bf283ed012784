export interface OutlierOptions {
  /** Failures in a row that open the circuit. */
  ejectAfter: number;
  /** The first ejection; each that follows is twice as long, up to `LONGEST_EJECTION_MS`. */
  ejectTimeMs: number;
  /** Largest share of a pool's serving members that may be out; 0 = none ever. */
  maxEjectedPercent: number;
}

export const LONGEST_EJECTION_MS = 300_000;

/**
 * - `closed`: takes traffic.
 * - `open`: failed too often, out until `halfOpenAt`.
 * - `half_open`: the time is over; the next request is a probe.
 * - `probing`: that request is on its way and no other follows it.
 */
export type CircuitPhase = 'closed' | 'open' | 'half_open' | 'probing';

/** What a request must show when it reports back. */
export interface CircuitTicket {
  /** How often the circuit had opened when the request began; what began before the last time tells nothing new. */
  readonly epoch: number;
  readonly isProbe: boolean;
}

/**
 * Watches the outcomes of one instance and says when it should be left alone. It only judges: whether a pool can do
 * without the instance is the pool's affair, so an open circuit may still see traffic, and learns from it.
 * Requests that clients abort tell nothing about the instance.
 */
export class Circuit {
  phase: CircuitPhase = 'closed';
  /** Epoch ms; meaningful while `open`. */
  halfOpenAt = 0;
  private failuresInARow = 0;
  private epoch = 0;
  private ejectionMs = 0;
  private closedAt = 0;

  constructor(private readonly options: OutlierOptions) {}

  /** Open or probing: get nothing new where the pool can do without. */
  get isOut(): boolean {
    return this.phase === 'open' || this.phase === 'probing';
  }

  begin(): CircuitTicket {
    const isProbe = this.phase === 'half_open';
    if (isProbe) this.phase = 'probing';
    return { epoch: this.epoch, isProbe };
  }

  /** The instance has answered well. */
  succeeded(ticket: CircuitTicket, now: number): void {
    if (ticket.epoch !== this.epoch) return;
    this.failuresInARow = 0;
    if (this.phase === 'closed') return;
    this.phase = 'closed';
    this.closedAt = now;
  }

  /** The instance has answered with an error, broken off or taken too long. */
  failed(ticket: CircuitTicket, now: number): void {
    if (ticket.epoch !== this.epoch || this.phase === 'open') return;
    this.failuresInARow += 1;
    const hasFailedProbation = this.phase !== 'closed' || (ticket.isProbe && this.isOnProbation(now));
    if (hasFailedProbation || this.failuresInARow >= this.options.ejectAfter) this.open(now);
  }

  /** The client went away. A probe that ends so has to be repeated. */
  abandoned(ticket: CircuitTicket): void {
    const isRunningProbe = ticket.isProbe && ticket.epoch === this.epoch && this.phase === 'probing';
    if (isRunningProbe) this.phase = 'half_open';
  }

  /** The time is over: let a probe through. */
  halfOpen(): void {
    if (this.phase === 'open') this.phase = 'half_open';
  }

  /** Back, but not yet for as long as it was out: until then the past is not forgiven and ejections go on doubling. */
  private isOnProbation(now: number): boolean {
    return now - this.closedAt < this.ejectionMs;
  }

  private open(now: number): void {
    const isForgiven = this.phase === 'closed' && !this.isOnProbation(now);
    const doubledMs = isForgiven ? 0 : this.ejectionMs * 2;
    this.ejectionMs = Math.min(Math.max(doubledMs, this.options.ejectTimeMs), LONGEST_EJECTION_MS);
    this.phase = 'open';
    this.halfOpenAt = now + this.ejectionMs;
    this.failuresInARow = 0;
    this.epoch += 1;
  }
}

/** How many of a pool's serving members may be out at once: rounded down, but one of two or more, and never the only one. */
export function ejectionCap(servingMembers: number, maxEjectedPercent: number): number {
  if (servingMembers < 2 || maxEjectedPercent === 0) return 0;
  return Math.max(1, Math.floor((servingMembers * maxEjectedPercent) / 100));
}
