/** Samples kept for one instance; the same number as traefik's least-time balancer keeps. */
export const SAMPLE_CAPACITY = 100;

/** Older samples say nothing about now. Their end also gives an instance that was slow another chance. */
export const SAMPLE_MAX_AGE_MS = 60_000;

/**
 * What a failed request counts as (or as long as it took, if longer). Without it an instance that refuses at once
 * would look like the fastest of all and draw the traffic.
 */
export const FAILURE_COST_MS = 10_000;

interface Sample {
  at: number;
  costMs: number;
  isAnswer: boolean;
}

/**
 * The recent times to first byte of one instance, in a bounded ring. Two readings: `costMs` for choosing (failures
 * count, old samples do not) and `averageMs` for people (answers alone, and the last known when all have aged out).
 */
export class ResponseTimes {
  /** The average time to first byte of the recent answers; 0 before the first. */
  averageMs = 0;
  /** The latest answer's time to first byte; 0 before the first. */
  lastMs = 0;

  private readonly ring: Sample[] = [];
  private oldest = 0;
  private count = 0;
  private costSumMs = 0;
  private answers = 0;
  private answerSumMs = 0;

  /** An answer began `ms` after its request. */
  answered(ms: number, now: number): void {
    this.lastMs = ms;
    this.push({ at: now, costMs: ms, isAnswer: true });
    this.averageMs = this.answerSumMs / this.answers;
  }

  /** A request failed after `ms`. */
  failed(ms: number, now: number): void {
    this.push({ at: now, costMs: Math.max(ms, FAILURE_COST_MS), isAnswer: false });
  }

  /** Average cost of a recent request; undefined when there was none. */
  costMs(now: number): number | undefined {
    this.forget(now - SAMPLE_MAX_AGE_MS);
    return this.count > 0 ? this.costSumMs / this.count : undefined;
  }

  /** When `costMs` next changes by itself, because its oldest sample ages out; undefined without samples. */
  get expiresAt(): number | undefined {
    return this.count > 0 ? this.ring[this.oldest].at + SAMPLE_MAX_AGE_MS : undefined;
  }

  private push(sample: Sample): void {
    this.forget(sample.at - SAMPLE_MAX_AGE_MS);
    if (this.count === SAMPLE_CAPACITY) this.dropOldest();
    this.ring[(this.oldest + this.count) % SAMPLE_CAPACITY] = sample;
    this.count += 1;
    this.weigh(sample, 1);
  }

  private forget(until: number): void {
    while (this.count > 0 && this.ring[this.oldest].at <= until) this.dropOldest();
  }

  private dropOldest(): void {
    this.weigh(this.ring[this.oldest], -1);
    this.oldest = (this.oldest + 1) % SAMPLE_CAPACITY;
    this.count -= 1;
  }

  private weigh({ costMs, isAnswer }: Sample, sign: 1 | -1): void {
    this.costSumMs += sign * costMs;
    if (!isAnswer) return;
    this.answers += sign;
    this.answerSumMs += sign * costMs;
  }
}
