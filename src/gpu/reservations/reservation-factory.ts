import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { microFromCredits } from '../../common/money.js';
import type { Origin } from '../../common/origin.js';
import { AppConfig } from '../../config/config.js';
import { ProvidersService } from '../../providers/providers.service.js';
import { SecretBox } from '../../secrets/secret-box.js';
import { toOfferFilters } from '../offers/offer-filters.js';
import { OfferPrices } from '../offers/offer-prices.js';
import type { RentalConfig } from '../rentals/rental-config.js';
import { needsOf, toRentalConfig } from '../rentals/rental-configs.js';
import type { ReserveDto } from './dto/reserve.dto.js';
import type { GangOrder } from './gang-order.js';
import { autoPoolName, type Reservation } from './reservation.entity.js';

/** What replacements are made with; secret for the machines' environment and the address of whoever asked. */
interface Sealed {
  rentalConfig: RentalConfig;
  origin?: Origin;
}

/** What the caller wants to reserve. */
export interface ReservationWish {
  dto: ReserveDto;
  timeLimitMs?: number;
  /** Who asks for it, and from where. */
  origin?: Origin;
}

/** Makes the row of a reservation from its request, and the order that its members are rented with. */
@Injectable()
export class ReservationFactory {
  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly providers: ProvidersService,
    private readonly prices: OfferPrices,
    private readonly secrets: SecretBox,
  ) {}

  make(id: string, userId: string, { dto, timeLimitMs, origin }: ReservationWish): Reservation {
    const now = this.clock.now();
    const rentalConfig = toRentalConfig(dto.config ?? {}, this.config.gpu.defaultImage);
    const farm = dto.filters?.provider;
    return {
      id,
      userId,
      pool: dto.pool ?? autoPoolName(id),
      mode: dto.mode ?? 'atomic',
      requested: dto.count,
      state: 'pending',
      reason: null,
      filters: toOfferFilters(
        dto.filters ?? {},
        (price) => this.prices.providerLimit(price),
        needsOf(rentalConfig),
      ),
      providers: farm === undefined ? null : [this.providers.requireConfigured(farm).name],
      maxTotalPriceMicro:
        dto.max_total_price === undefined ? null : microFromCredits(dto.max_total_price.toFixed(6)),
      timeLimitMs: timeLimitMs ?? null,
      configSealed: this.secrets.seal({ rentalConfig, origin } satisfies Sealed, configPlace(id)),
      errors: [],
      replacementsLeft: this.config.gpu.reserveReplacements,
      createdAt: now,
      rentedAt: null,
      deadlineAt: now + this.config.gpu.reserveTimeoutMs,
    };
  }

  orderOf(reservation: Reservation): GangOrder {
    const { rentalConfig, origin } = this.secrets.open<Sealed>(
      reservation.configSealed,
      configPlace(reservation.id),
    );
    return {
      userId: reservation.userId,
      origin,
      count: reservation.requested,
      filters: reservation.filters,
      providers: reservation.providers ?? undefined,
      config: rentalConfig,
      timeLimitMs: reservation.timeLimitMs ?? undefined,
      reservationId: reservation.id,
      maxTotalPriceMicro: reservation.maxTotalPriceMicro ?? undefined,
      isAtomic: reservation.mode === 'atomic',
      deadlineAt: reservation.deadlineAt,
    };
  }

  /** The order for one machine in place of `lost`; the machines that the reservation has used stay out. */
  replacementOrder(reservation: Reservation, usedMachines: readonly string[], spentMicro: number): GangOrder {
    const total = reservation.maxTotalPriceMicro;
    return {
      ...this.orderOf(reservation),
      count: 1,
      usedMachines,
      maxTotalPriceMicro: total === null ? undefined : Math.max(0, total - spentMicro),
      deadlineAt: this.clock.now() + this.config.gpu.reserveTimeoutMs,
    };
  }
}

const configPlace = (reservationId: string): string => `reservations|${reservationId}|config`;
