import { newId } from '../../common/id.js';
import type { SessionKind } from './credit-session.entity.js';
import type { EndedSession } from './session-recorder.js';

export const RUN_IDLE_MS = 60_000;

/** What a request says about the run it belongs to, or a socket about itself. */
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

/**
 * Runs of requests of one key, address and pool, in memory; never more than `mostOpen` are open. Beside them sockets, each
 * of which is a session from its beginning to its end.
 */
export class RunTracker {
  /** In the order of their latest request. */
  private readonly open = new Map<string, Run>();
  /** The last of them. */
  private latest: { step: RunStep; run: Run } | undefined;
  private readonly sockets = new Set<Run>();
  private ended: Run[] = [];

  constructor(private readonly mostOpen: number) {}

  /** Sessions that something has to be done about some time; sockets only until their place in the ledger is known. */
  get size(): number {
    const unplaced = [...this.sockets].filter(isUnplaced);
    return this.open.size + this.ended.length + unplaced.length;
  }

  /** A request has ended: its run goes on, or one begins. Beyond the limit the run idle for longest ends early. */
  note(step: RunStep): void {
    const { latest } = this;
    const run = latest && isSame(latest.step, step) ? latest.run : this.bringForward(step);
    run.endedAt = Math.max(run.endedAt, step.endedAt);
  }

  openSocket(step: RunStep): Run {
    const socket = newRun(step, 'socket');
    this.sockets.add(socket);
    return socket;
  }

  /** Once is enough. */
  closeSocket(socket: Run, endedAt: number): void {
    if (!this.sockets.delete(socket)) return;
    socket.endedAt = endedAt;
    this.ended.push(socket);
  }

  closeAllSockets(endedAt: number): void {
    for (const socket of this.sockets) this.closeSocket(socket, endedAt);
  }

  /** Open runs that do not know yet where in the ledger they began. */
  unplaced(): Run[] {
    return [...this.open.values(), ...this.sockets, ...this.ended].filter(isUnplaced);
  }

  /** Ends the runs without a request since `idleSince` and hands over all that have ended. */
  takeEnded(idleSince: number): Run[] {
    this.latest = undefined;
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

  /** A map whose entries are moved for each request is made anew all the time: the one that is last already stays. */
  private bringForward(step: RunStep): Run {
    const key = JSON.stringify([step.userId, step.keyId, step.ip, step.pool]);
    const run = this.open.get(key) ?? newRun(step, 'requests');
    this.open.delete(key);
    this.open.set(key, run);
    this.latest = { step, run };
    if (this.open.size > this.mostOpen) this.endOldest();
    return run;
  }

  private endOldest(): void {
    const [oldest] = this.open;
    if (!oldest) return;
    this.open.delete(oldest[0]);
    this.ended.push(oldest[1]);
  }
}

function isSame(one: RunStep, other: RunStep): boolean {
  return (
    one.keyId === other.keyId && one.userId === other.userId && one.ip === other.ip && one.pool === other.pool
  );
}

function newRun({ userId, keyId, ip, startedAt, endedAt }: RunStep, kind: SessionKind): Run {
  const clientId = keyId ?? userId;
  return { sessionId: newId(), userId, kind, clientId, ip, startedAt, endedAt };
}

const isUnplaced = ({ openedSeq }: Run): boolean => openedSeq === undefined;
