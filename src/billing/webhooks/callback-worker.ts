import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { PaymentAlerts } from '../payments/payment-alerts.js';
import { PaymentProcessors } from '../processors/payment-processors.js';
import type { PaymentCallback } from './callback.entity.js';
import { CallbackRepository } from './callback.repository.js';
import { NewsDesk } from './news-desk.js';

const BATCH = 50;
/** A process that died with one in hand lets others have it after this. */
const CLAIM_MS = 120_000;
const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 3_600_000;
/** With doubling pauses about a day and a half; the poller sees to open payments besides. */
const MOST_ATTEMPTS = 40;

/**
 * Acts on the call-backs that are waiting. It is nudged when one comes in and by a job besides, so that none is
 * forgotten when a process dies.
 */
@Injectable()
export class CallbackWorker implements OnModuleDestroy {
  private readonly logger = new Logger(CallbackWorker.name);
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private isNudged = false;

  constructor(
    private readonly callbacks: CallbackRepository,
    private readonly processors: PaymentProcessors,
    private readonly desk: NewsDesk,
    private readonly alerts: PaymentAlerts,
    private readonly clock: Clock,
  ) {}

  /** Starts a round soon, without waiting for it. */
  nudge(): void {
    this.isNudged = true;
    this.running ??= this.runNudged();
  }

  /** Resolves when no nudged round is under way. */
  async settled(): Promise<void> {
    await this.running;
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.settled();
  }

  /** Handles all that are due. */
  async drain(signal: AbortSignal): Promise<void> {
    const stop = AbortSignal.any([signal, this.stopping.signal]);
    for (;;) {
      const due = await this.callbacks.due(this.clock.now(), BATCH);
      for (const callback of due) {
        if (stop.aborted) return;
        await this.handle(callback);
      }
      if (due.length < BATCH) return;
    }
  }

  private async runNudged(): Promise<void> {
    while (this.isNudged && !this.stopping.signal.aborted) {
      this.isNudged = false;
      await this.drainSafely();
    }
    this.running = undefined;
  }

  private async drainSafely(): Promise<void> {
    try {
      await this.drain(this.stopping.signal);
    } catch (error) {
      this.logger.error({ msg: 'call-backs wait for the next round', err: error });
    }
  }

  private async handle(callback: PaymentCallback): Promise<void> {
    if (!(await this.callbacks.claim(callback, this.clock.now() + CLAIM_MS))) return;
    try {
      const reader = this.processors.of(callback).callbacks;
      const news = (await reader?.read(callback)) ?? [];
      for (const item of news) await this.desk.act(callback.provider, item);
      await this.callbacks.finish(callback.id, news.length > 0 ? 'done' : 'ignored', this.clock.now());
    } catch (error) {
      await this.putOff(callback, error);
    }
  }

  private async putOff(
    { id, eventId, provider, type, attempts }: PaymentCallback,
    error: unknown,
  ): Promise<void> {
    this.logger.warn({
      msg: 'call-back not handled yet',
      provider,
      type,
      event: eventId,
      attempts,
      err: error,
    });
    const now = this.clock.now();
    if (attempts + 1 >= MOST_ATTEMPTS) {
      await this.callbacks.finish(id, 'given_up', now);
      this.alerts.raise('callback_given_up', { provider, event: eventId, type });
      return;
    }
    await this.callbacks.postpone(id, now + Math.min(FIRST_PAUSE_MS * 2 ** attempts, LONGEST_PAUSE_MS));
  }
}
