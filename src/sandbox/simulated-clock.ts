import { setTimeout as delay } from 'node:timers/promises';
import { Clock } from '../common/clock.js';

export interface ClockScales {
  /** How many times faster than in reality the farms work: boots, image pulls, terminations. */
  timeScale: number;
  /** How many times faster the farms' calendar runs: timestamps, contract terms and metering. */
  calendarScale: number;
}

/**
 * The farms' time. Its calendar starts at the real time and runs at `calendarScale`; what a farm needs time for
 * is scheduled in simulated milliseconds and happens `timeScale` times sooner.
 */
export class SimulatedClock extends Clock {
  private readonly realStart = Date.now();
  private readonly timers = new Set<NodeJS.Timeout>();
  private skippedMs = 0;
  private isHeld = false;
  private overdue: (() => void)[] = [];

  constructor(private readonly scales: ClockScales) {
    super();
  }

  now(): number {
    return this.realStart + (Date.now() - this.realStart) * this.scales.calendarScale + this.skippedMs;
  }

  /** Unix seconds with a fraction, as vast.ai writes instants. */
  nowSeconds(): number {
    return this.now() / 1000;
  }

  async sleep(simulatedMs: number, signal?: AbortSignal): Promise<void> {
    await delay(simulatedMs / this.scales.timeScale, undefined, { signal });
  }

  /** Runs `work` after `simulatedMs` of the farm's working time; the returned function cancels it. */
  schedule(simulatedMs: number, work: () => void): () => void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (this.isHeld) this.overdue.push(work);
      else work();
    }, simulatedMs / this.scales.timeScale);
    this.timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.timers.delete(timer);
      this.overdue = this.overdue.filter((other) => other !== work);
    };
  }

  /** Moves the calendar forward at once; what is scheduled keeps its real delay. */
  skip(ms: number): void {
    this.skippedMs += ms;
  }

  /** Nothing that is scheduled happens until `release`, so that a passing state can be looked at in peace. */
  hold(): void {
    this.isHeld = true;
  }

  /** What came due meanwhile happens now, in its order. */
  release(): void {
    this.isHeld = false;
    const due = this.overdue;
    this.overdue = [];
    due.forEach((work) => work());
  }

  /** Cancels everything that is scheduled. */
  stop(): void {
    this.overdue = [];
    this.timers.forEach((timer) => clearTimeout(timer));
    this.timers.clear();
  }
}
