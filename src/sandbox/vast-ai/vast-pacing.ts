import { FarmRefusal, type FarmAnswer } from '../farm-call.js';

interface Pace {
  intervalSeconds: number;
  /** After a call that came too early the next one has to wait this long. */
  penaltySeconds?: number;
  tooFrequent: (seconds: string) => FarmAnswer;
}

const plain = (seconds: string): FarmAnswer => ({
  status: 429,
  body: `API requests too frequent: endpoint threshold=${seconds}`,
  contentType: 'text/plain',
});

const detail = (seconds: string): FarmAnswer => ({
  status: 429,
  body: { detail: `API requests too frequent endpoint threshold=${seconds}` },
});

const coded = (seconds: string): FarmAnswer => ({
  status: 429,
  body: {
    success: false,
    error: 'rate_limit_exceeded',
    msg: `API requests too frequent endpoint threshold=${seconds}`,
  },
});

/** Minimum intervals per endpoint, in seconds (docs: rate-limits-and-errors.mdx and x-rate-limit of the specification). */
const PACES: Readonly<Record<string, Pace>> = {
  rent: { intervalSeconds: 4.5, penaltySeconds: 12, tooFrequent: detail },
  show: { intervalSeconds: 2, tooFrequent: plain },
  list: { intervalSeconds: 1, tooFrequent: plain },
  state: { intervalSeconds: 1, tooFrequent: plain },
  reboot: { intervalSeconds: 1, tooFrequent: plain },
  recycle: { intervalSeconds: 1, tooFrequent: plain },
  destroy: { intervalSeconds: 3, tooFrequent: coded },
  bid: { intervalSeconds: 5.5, tooFrequent: plain },
  charges: { intervalSeconds: 1, tooFrequent: plain },
};

const SEARCHES_PER_MINUTE = 10;

/** A caller that keeps exactly to an interval is not hit by a timer that fires a little early. */
const TOLERANCE_MS = 25;

/** The farm's rate limits: a minimum interval per endpoint, and searches counted by the minute. Real time. */
export class VastPacing {
  private readonly openAt = new Map<string, number>();
  private searches: number[] = [];

  /** @param scale multiplies every interval; 0 = no limits */
  constructor(
    private readonly scale: number,
    private readonly now: () => number = Date.now,
  ) {}

  /** @throws FarmRefusal 429, worded as the endpoint words it */
  take(call: string): void {
    if (this.scale === 0) return;
    if (call === 'search') this.takeSearch();
    const pace = PACES[call];
    if (!pace) return;
    const now = this.now();
    const isEarly = now + TOLERANCE_MS < (this.openAt.get(call) ?? 0);
    const waitSeconds = isEarly ? (pace.penaltySeconds ?? pace.intervalSeconds) : pace.intervalSeconds;
    this.openAt.set(call, now + waitSeconds * 1000 * this.scale);
    if (isEarly) throw new FarmRefusal(pace.tooFrequent(pace.intervalSeconds.toFixed(1)));
  }

  tooFrequent(call: string): FarmAnswer {
    const pace = PACES[call];
    return pace ? pace.tooFrequent(pace.intervalSeconds.toFixed(1)) : bareTooFrequent();
  }

  private takeSearch(): void {
    const now = this.now();
    this.searches = this.searches.filter((at) => at > now - 60_000 * this.scale);
    if (this.searches.length >= SEARCHES_PER_MINUTE) throw new FarmRefusal(bareTooFrequent());
    this.searches.push(now);
  }
}

const bareTooFrequent = (): FarmAnswer => ({
  status: 429,
  body: 'API requests too frequent',
  contentType: 'text/plain',
});
