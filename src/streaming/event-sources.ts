import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { PAYMENT_UPDATED } from '../billing/payments/payment-events.js';
import { EventBus, type DomainEvent } from '../common/event-bus.js';
import { RENTAL_UPDATED, type RentalUpdated } from '../gpu/rentals/rental.events.js';
import { RESERVATION_UPDATED, type ReservationUpdated } from '../gpu/reservations/reservation.events.js';
import type { CreditsExhausted } from '../credits/metering/rental-tick.service.js';
import type { CreditsLow } from '../credits/metering/runway-watch.js';
import type { KeptChannel } from './channels.js';
import { GpuSnapshots } from './gpu-snapshots.js';
import { StreamHub } from './stream-hub.js';

/** Turns what happened inside into events: `data` is `{name, …the object as its GET shows it}`. */
@Injectable()
export class EventSources implements OnModuleInit {
  private readonly logger = new Logger(EventSources.name);

  constructor(
    private readonly events: EventBus,
    private readonly hub: StreamHub,
    private readonly gpu: GpuSnapshots,
  ) {}

  onModuleInit(): void {
    this.stream('rentals', RENTAL_UPDATED, (userId, { rentalId }: RentalUpdated) =>
      this.gpu.rental(userId, rentalId),
    );
    this.stream('reservations', RESERVATION_UPDATED, (userId, { reservationId }: ReservationUpdated) =>
      this.gpu.reservation(userId, reservationId),
    );
    this.stream('payments', PAYMENT_UPDATED, (_, transaction: object) => transaction);
    this.stream('credits', 'credits.low', (_, { runwaySeconds }: CreditsLow) => ({
      runway_seconds: runwaySeconds,
    }));
    this.stream('credits', 'credits.exhausted', (_, { rentalId }: CreditsExhausted) => ({
      rental_id: rentalId,
    }));
  }

  private stream<T>(
    channel: KeptChannel,
    name: string,
    look: (userId: string, data: T) => object | Promise<object>,
  ): void {
    this.events.on(
      name,
      (event) => void this.publish(channel, event, look as (id: string, data: unknown) => object),
    );
  }

  private async publish(
    channel: KeptChannel,
    { name, userId, data }: DomainEvent,
    look: (userId: string, data: unknown) => object | Promise<object>,
  ): Promise<void> {
    if (userId === undefined) return;
    try {
      this.hub.publish({ userId, channel, data: { name, ...(await look(userId, data)) } });
    } catch (error) {
      this.logger.warn({ msg: 'event not streamed', event: name, err: error });
    }
  }
}
