import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { DomainError, isDomainError } from '../../common/domain-error.js';
import type { Origin } from '../../common/origin.js';
import { AppConfig } from '../../config/config.js';
import type { ProviderName } from '../../providers/gpu-provider.js';
import { ProvidersService } from '../../providers/providers.service.js';
import { toOfferFilters } from '../offers/offer-filters.js';
import { OfferPrices } from '../offers/offer-prices.js';
import { needsOf, toRentalConfig } from '../rentals/rental-configs.js';
import type { Rental } from '../rentals/rental.entity.js';
import type { BatchDto } from './dto/batch.dto.js';
import { batchRentalIds } from './batch-rentals.js';
import { GangRenter } from './gang-renter.js';
import type { GangError, GangOrder } from './gang-order.js';
import { BatchView } from './reservation.view.js';

/** What one farm came to; `refusal` is why it gave nothing at all. */
interface FarmResult {
  rentals: Rental[];
  errors: GangError[];
  refusal?: unknown;
}

export interface BatchOptions {
  /** Of no other batch, when its rentals have to be found again. */
  id?: string;
  timeLimitMs?: number;
  /** Who asks for it, and from where. */
  origin?: Origin;
}

/** Up to eight instances of each farm at once, as many as there are. */
@Injectable()
export class BatchService {
  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly providers: ProvidersService,
    private readonly prices: OfferPrices,
    private readonly renter: GangRenter,
  ) {}

  /** The rentals are called after the batch, so that they are found when the process dies meanwhile. */
  async rent(userId: string, dto: BatchDto, { id, timeLimitMs, origin }: BatchOptions): Promise<BatchView> {
    const wanted = { vastAi: dto.vastai_count ?? 0, ioNet: dto.ionet_count ?? 0 };
    if (wanted.vastAi + wanted.ioNet === 0) throw nothingWanted();
    const order = { ...this.order(userId, dto, timeLimitMs), origin };
    const idsAt = (farm: ProviderName) => (id === undefined ? undefined : batchRentalIds(id, farm));
    const [vastAi, ioNet] = await Promise.all([
      this.rentAt('vast.ai', { ...order, count: wanted.vastAi, rentalIds: idsAt('vast.ai') }),
      this.rentAt('io.net', { ...order, count: wanted.ioNet, rentalIds: idsAt('io.net') }),
    ]);
    const errors = [...vastAi.errors, ...ioNet.errors];
    if (vastAi.rentals.length + ioNet.rentals.length === 0) throw refusalOf([vastAi, ioNet], errors);
    return BatchView.from({ vastAi: vastAi.rentals, ioNet: ioNet.rentals }, errors);
  }

  /** A farm that gives nothing is an error of the batch, not its end: what the other one rented has to be told. */
  private async rentAt(provider: ProviderName, order: GangOrder): Promise<FarmResult> {
    if (order.count === 0) return { rentals: [], errors: [] };
    try {
      this.providers.requireConfigured(provider);
      return await this.renter.rent({ ...order, providers: [provider] });
    } catch (error) {
      const code = isDomainError(error) ? error.code : 'rent_failed';
      return { rentals: [], errors: [{ provider, code }], refusal: error };
    }
  }

  private order(userId: string, dto: BatchDto, timeLimitMs?: number): GangOrder {
    const config = toRentalConfig(dto.config ?? {}, this.config.gpu.defaultImage);
    return {
      userId,
      count: 0,
      filters: toOfferFilters(
        dto.filters ?? {},
        (price) => this.prices.providerLimit(price),
        needsOf(config),
      ),
      config,
      timeLimitMs,
      isAtomic: false,
      deadlineAt: this.clock.now() + this.config.gpu.reserveTimeoutMs,
    };
  }
}

/** A caller without credit and an error that is our own are told as such; anything else is the farms' having nothing. */
function refusalOf(farms: readonly FarmResult[], errors: readonly GangError[]): unknown {
  const refusals = farms.map(({ refusal }) => refusal).filter((refusal) => refusal !== undefined);
  const telling = refusals.find(
    (refusal) => !isDomainError(refusal) || refusal.code === 'insufficient_credits',
  );
  return telling ?? nothingRented(errors);
}

const nothingWanted = (): DomainError =>
  new DomainError('invalid_input', 422, 'Ask for at least one instance.', {
    errors: [
      { field: 'vastai_count', message: 'vastai_count or ionet_count must be at least 1' },
      { field: 'ionet_count', message: 'vastai_count or ionet_count must be at least 1' },
    ],
  });

const nothingRented = (reasons: readonly { code: string; provider?: string }[]): DomainError =>
  new DomainError('batch_failed', 409, 'No instance could be rented.', { data: { reasons } });
