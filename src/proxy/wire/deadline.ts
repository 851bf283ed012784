/**
 * One time-out that is moved all the time: moving it forward costs an addition. The timer behind it fires when the
 * deadline could have passed, and is wound up again when it has been moved meanwhile.
 */
export class Deadline {
  private at = Infinity;
  private firesAt = Infinity;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly expire: () => void) {}

  /** @param ms 0 = never */
  set(ms: number): void {
    if (ms === 0) {
      this.at = Infinity;
      return;
    }
    this.at = performance.now() + ms;
    if (this.firesAt > this.at) this.windUp(ms);
  }

  clear(): void {
    this.at = Infinity;
  }

  /** Lets go of the timer; the deadline is of no more use. */
  dispose(): void {
    clearTimeout(this.timer);
    this.at = Infinity;
  }

  private windUp(ms: number): void {
    clearTimeout(this.timer);
    this.firesAt = performance.now() + ms;
    this.timer = setTimeout(this.fire, Math.ceil(ms)).unref();
  }

  private readonly fire = (): void => {
    this.firesAt = Infinity;
    if (this.at === Infinity) return;
    const left = this.at - performance.now();
    if (left > 0) return this.windUp(left);
    this.at = Infinity;
    this.expire();
  };
}
