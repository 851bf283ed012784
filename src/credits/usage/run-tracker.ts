import { newId } from '../../common/id.js';
import type { EndedSession } from './session-recorder.js';

export const RUN_IDLE_MS = 60_000;

/** What a request says about the run it belongs to. */
export interface RunStep {
  userId: string;
  keyId: string | null;
  ip: string | null;
  pool: string | null;
  startedAt: number;
  endedAt: number;
}

/** `openedSeq` is filled in soon after the run began. */
export type Run = Omit<EndedSession, 'openedSeq'> & { openedSeq?: number };

/** Runs of requests of one key, address and pool, in memory. Never more than `mostOpen` are open. */
export class RunTracker {
  /** In the order of their latest request. */
  private readonly open = new Map<string, Run>();
  private ended: Run[] = [];

  constructor(private readonly mostOpen: number) {}

  get size(): number {
    return this.open.size + this.ended.length;
  }

  /** A request has ended: its run goes on, or one begins. Beyond the limit the run idle for longest ends early. */
  note(step: RunStep): void {
    const key = JSON.stringify([step.userId, step.keyId, step.ip, step.pool]);
    const run = this.open.get(key) ?? newRun(step);
    run.endedAt = Math.max(run.endedAt, step.endedAt);
    this.open.delete(key);
    this.open.set(key, run);
    if (this.open.size > this.mostOpen) this.endOldest();
  }

  /** Open runs that do not know yet where in the ledger they began. */
  unplaced(): Run[] {
    return [...this.open.values(), ...this.ended].filter((run) => run.openedSeq === undefined);
  }

  /** Ends the runs without a request since `idleSince` and hands over all that have ended. */
  takeEnded(idleSince: number): Run[] {
    for (const [key, run] of this.open) {
      if (run.endedAt > idleSince) break;
      this.open.delete(key);
      this.ended.push(run);
    }
    return this.ended.splice(0);
  }

  /** What could not be written comes back for the next time, as far as there is room. */
  giveBack(runs: readonly Run[]): void {
    this.ended = [...runs, ...this.ended].slice(0, this.mostOpen);
  }

  private endOldest(): void {
    const [oldest] = this.open;
    if (!oldest) return;
    this.open.delete(oldest[0]);
    this.ended.push(oldest[1]);
  }
}

function newRun({ userId, keyId, ip, startedAt, endedAt }: RunStep): Run {
  const clientId = keyId ?? userId;
  return { sessionId: newId(), userId, kind: 'requests', clientId, ip, startedAt, endedAt };
}
