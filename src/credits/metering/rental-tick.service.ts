import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { EventBus } from '../../common/event-bus.js';
import { RentalMeterRepository } from './rental-meter.repository.js';
import { RentalTicker } from './rental-ticker.js';
import { RunwayWatch } from './runway-watch.js';

const RENTALS_PER_PAGE = 500;

/** `credits.exhausted`: a rental has used up its credits and has to be stopped. */
export interface CreditsExhausted {
  userId: string;
  rentalId: string;
}

/** Ticks one meter or all of them, and tells afterwards what that means for the user. */
@Injectable()
export class RentalTickService {
  private readonly logger = new Logger(RentalTickService.name);

  constructor(
    private readonly ticker: RentalTicker,
    private readonly meters: RentalMeterRepository,
    private readonly watch: RunwayWatch,
    private readonly events: EventBus,
    private readonly clock: Clock,
  ) {}

  async tick(rentalId: string, nowMs: number): Promise<'paid' | 'exhausted'> {
    const { meter, result } = await this.ticker.tick(rentalId, nowMs);
    if (result === 'untouched') return meter.state === 'exhausted' ? 'exhausted' : 'paid';
    if (result === 'ran_out') this.announceExhausted({ userId: meter.userId, rentalId });
    await this.watch.check(meter.userId);
    return result === 'ran_out' ? 'exhausted' : 'paid';
  }

  /** Charges every running rental through now. One that fails is logged and gets its turn again next time. */
  async tickAll(signal: AbortSignal): Promise<void> {
    let page = await this.meters.runningAfter('', RENTALS_PER_PAGE);
    while (page.length > 0 && !signal.aborted) {
      for (const rentalId of page) await this.tickSafely(rentalId, signal);
      page = await this.meters.runningAfter(page.at(-1) ?? '', RENTALS_PER_PAGE);
    }
  }

  private async tickSafely(rentalId: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    try {
      await this.tick(rentalId, this.clock.now());
    } catch (error) {
      this.logger.error({ msg: 'rental tick failed', rental_id: rentalId, err: error });
    }
  }

  private announceExhausted(data: CreditsExhausted): void {
    this.events.emit({ name: 'credits.exhausted', userId: data.userId, at: this.clock.now(), data });
  }
}
