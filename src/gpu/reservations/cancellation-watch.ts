import { Injectable, Logger } from '@nestjs/common';
import { ReservationRepository } from './reservation.repository.js';

const LOOK_EVERY_MS = 500;

/** Notices that a reservation was canceled while it is being rented, in whichever process that happened. */
@Injectable()
export class CancellationWatch {
  private readonly logger = new Logger(CancellationWatch.name);

  constructor(private readonly reservations: ReservationRepository) {}

  /** Runs `work` with a signal that fires soon after the reservation is no longer pending. */
  async during<T>(reservationId: string, work: (canceled: AbortSignal) => Promise<T>): Promise<T> {
    const cancellation = new AbortController();
    const timer = setInterval(() => void this.look(reservationId, cancellation), LOOK_EVERY_MS);
    try {
      return await work(cancellation.signal);
    } finally {
      clearInterval(timer);
    }
  }

  private async look(reservationId: string, cancellation: AbortController): Promise<void> {
    try {
      if (await this.reservations.isPending(reservationId)) return;
      cancellation.abort(new DOMException('the reservation was canceled', 'AbortError'));
    } catch (error) {
      this.logger.warn({ msg: 'cannot look after a reservation', reservation_id: reservationId, err: error });
    }
  }
}
