import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { AccountOpener } from '../ledger/account-opener.js';
import { AccountRepository } from '../ledger/account.repository.js';
import { RUN_IDLE_MS, RunTracker, type Run, type RunStep } from './run-tracker.js';
import { SessionRecorder } from './session-recorder.js';

const MOST_OPEN = 20_000;

/**
 * Sessions made of requests (those of one key, address and pool, until 60 s pass without one), and those of sockets. A
 * process that dies takes its open ones along, which costs rows of history and no credits.
 */
@Injectable()
export class RequestRuns {
  private readonly tracker = new RunTracker(MOST_OPEN);

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly opener: AccountOpener,
    private readonly accounts: AccountRepository,
    private readonly sessions: SessionRecorder,
    private readonly clock: Clock,
  ) {}

  get isEmpty(): boolean {
    return this.tracker.size === 0;
  }

  note(step: RunStep): void {
    this.tracker.note(step);
  }

  /** @returns ends the session; its row is written soon after */
  openSocket(owner: Pick<RunStep, 'userId' | 'keyId' | 'ip'>): () => void {
    const now = this.clock.now();
    const socket = this.tracker.openSocket({ ...owner, pool: null, startedAt: now, endedAt: now });
    return () => this.tracker.closeSocket(socket, this.clock.now());
  }

  /** Writes the rows of runs that have ended. Those that fail are tried again next time. */
  async closeIdle(): Promise<void> {
    await this.place();
    await this.write(this.tracker.takeEnded(this.clock.now() - RUN_IDLE_MS));
  }

  /** For the shutdown: every run and every socket ends now. */
  async closeAll(): Promise<void> {
    this.tracker.closeAllSockets(this.clock.now());
    await this.place();
    await this.write(this.tracker.takeEnded(Number.POSITIVE_INFINITY));
  }

  /** Notes for new runs how many entries their account has. */
  private async place(): Promise<void> {
    const runs = this.tracker.unplaced();
    if (runs.length === 0) return;
    const seqs = await this.accounts.seqsOf(runs.map((run) => run.userId));
    for (const run of runs) run.openedSeq = seqs.get(run.userId) ?? 0;
  }

  private async write(runs: Run[]): Promise<void> {
    while (runs.length > 0) {
      try {
        await this.writeOne(runs[0]);
      } catch (error) {
        this.tracker.giveBack(runs);
        throw error;
      }
      runs.shift();
    }
  }

  private async writeOne(run: Run): Promise<void> {
    await this.opener.open(run.userId, 'look');
    const session = { ...run, openedSeq: run.openedSeq ?? 0 };
    await this.unitOfWork.run((manager) => this.sessions.record(session, manager));
  }
}
