import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { CreditsModule } from '../credits/credits.module.js';
import { EgressModule } from '../egress/egress.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { LoadBalancerModule } from '../loadbalancer/loadbalancer.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { RedisModule } from '../redis/redis.module.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { FarmBill } from './bills/farm-bill.entity.js';
import { FarmBillRepository } from './bills/farm-bill.repository.js';
import { FarmBillsJob } from './bills/farm-bills.job.js';
import { FarmBills } from './bills/farm-bills.service.js';
import { IdempotentPosts } from './idempotent-posts.js';
import { InstancesController } from './instances.controller.js';
import { InstallationRecord } from './installation.entity.js';
import { Installation } from './installation.service.js';
import { OfferPrices } from './offers/offer-prices.js';
import { OffersService } from './offers/offers.service.js';
import { DirectorySync } from './pools/directory-sync.service.js';
import { EngineGauges } from './pools/gauges/engine-gauges.service.js';
import { HealthProber } from './pools/health-prober.js';
import { InstanceProbe } from './pools/instance-probe.js';
import { InstanceDirectory } from './pools/instance.directory.js';
import { ModelDirectory } from './pools/models/model.directory.js';
import { ModelDiscovery } from './pools/models/model-discovery.service.js';
import { ModelFreshness } from './pools/models/model-freshness.service.js';
import { PoolCatalogue } from './pools/pool-catalogue.service.js';
import { PoolDirectory } from './pools/pool.directory.js';
import { Pool, PoolMember, RoutingChange } from './pools/pool.entity.js';
import { PoolRepository } from './pools/pool.repository.js';
import { PoolsController } from './pools/pools.controller.js';
import { PoolContext } from './pools/pool-context.js';
import { PoolsService } from './pools/pools.service.js';
import { RoutingPublisher } from './pools/routing-publisher.js';
import { RoutingReader } from './pools/routing-reader.js';
import { DueEnds } from './reconciler/due-ends.js';
import { FarmComparison } from './reconciler/farm-comparison.js';
import { FleetActions } from './reconciler/fleet-actions.js';
import { MeteringUpkeep } from './reconciler/metering-upkeep.js';
import { MissingContracts } from './reconciler/missing-contracts.js';
import { OrphanContracts } from './reconciler/orphan-contracts.js';
import { RentalEndings } from './reconciler/rental-endings.js';
import { RentalFollower } from './reconciler/rental-follower.js';
import { RentalObserver } from './reconciler/rental-observer.js';
import { RentalReconciler } from './reconciler/rental-reconciler.js';
import { TermExtender } from './reconciler/term-extender.js';
import { TermKeeper } from './reconciler/term-keeper.js';
import { ContractCleaner } from './rentals/contract-cleaner.js';
import { ContractRecorder } from './rentals/contract-recorder.js';
import { DestroyCalls } from './rentals/destroy-calls.js';
import { FarmRenter } from './rentals/farm-renter.js';
import { RentalCatalogue } from './rentals/rental-catalogue.service.js';
import { Rental } from './rentals/rental.entity.js';
import { RentalRepository } from './rentals/rental.repository.js';
import { RentalsController } from './rentals/rentals.controller.js';
import { RentalsService } from './rentals/rentals.service.js';
import { RentalTransitions } from './rentals/rental-transitions.service.js';
import { RentalFactory } from './rentals/rental-factory.js';
import { RentalMetrics } from './rentals/rental-metrics.js';
import { RentalNews } from './rentals/rental-news.js';
import { RentalTrail } from './rentals/rental-trail.js';
import { RentalMetering } from './rentals/rental-metering.service.js';
import { RentalOpener } from './rentals/rental-opener.js';
import { RentingService } from './rentals/renting.service.js';
import { SingleRentalService } from './rentals/single-rental.service.js';
import { BatchService } from './reservations/batch.service.js';
import { OfferClaims } from './reservations/offer-claims.js';
import { InterruptedBatches } from './reservations/interrupted-batches.service.js';
import { CancellationWatch } from './reservations/cancellation-watch.js';
import { GangPlanner } from './reservations/gang-planner.js';
import { GangRenter } from './reservations/gang-renter.js';
import { ReservationBooks } from './reservations/reservation-books.js';
import { ReservationCatalogue } from './reservations/reservation-catalogue.service.js';
import { Reservation } from './reservations/reservation.entity.js';
import { ReservationFactory } from './reservations/reservation-factory.js';
import { ReservationAccess } from './reservations/reservation-access.js';
import { ReservationReplacer } from './reservations/reservation-replacer.js';
import { ReservationStates } from './reservations/reservation-states.js';
import { ReservationRepository } from './reservations/reservation.repository.js';
import { PendingReservations } from './reservations/pending-reservations.js';
import { ReservationWatcher } from './reservations/reservation-watcher.js';
import { ReservationsController } from './reservations/reservations.controller.js';
import { ReservationsService } from './reservations/reservations.service.js';

const ENTITIES = [FarmBill, InstallationRecord, Rental, Reservation, Pool, PoolMember, RoutingChange];

const OFFERS = [OfferPrices, OffersService];
const POOLS = [
  DirectorySync,
  EngineGauges,
  HealthProber,
  InstanceDirectory,
  InstanceProbe,
  ModelDirectory,
  ModelDiscovery,
  ModelFreshness,
  PoolCatalogue,
  PoolContext,
  PoolDirectory,
  PoolRepository,
  PoolsService,
  RoutingPublisher,
  RoutingReader,
];
const RENTALS = [
  ContractCleaner,
  ContractRecorder,
  DestroyCalls,
  FarmRenter,
  RentalCatalogue,
  RentalFactory,
  RentalMetering,
  RentalMetrics,
  RentalNews,
  RentalOpener,
  RentalRepository,
  RentalsService,
  RentalTrail,
  RentalTransitions,
  RentingService,
  SingleRentalService,
];
const RESERVATIONS = [
  BatchService,
  InterruptedBatches,
  OfferClaims,
  CancellationWatch,
  GangPlanner,
  GangRenter,
  PendingReservations,
  ReservationAccess,
  ReservationBooks,
  ReservationCatalogue,
  ReservationFactory,
  ReservationReplacer,
  ReservationRepository,
  ReservationsService,
  ReservationStates,
  ReservationWatcher,
];
const RECONCILER = [
  DueEnds,
  FarmComparison,
  FleetActions,
  MeteringUpkeep,
  MissingContracts,
  OrphanContracts,
  RentalEndings,
  RentalFollower,
  RentalObserver,
  RentalReconciler,
  TermExtender,
  TermKeeper,
];

const BILLS = [FarmBillRepository, FarmBills, FarmBillsJob];

/** Offers, rentals, reservations and pools: everything between a wish for GPUs and a set of serving instances. */
@Module({
  imports: [
    TypeOrmModule.forFeature(ENTITIES),
    AuditModule,
    CreditsModule,
    EgressModule,
    JobsModule,
    LoadBalancerModule,
    ProvidersModule,
    RedisModule,
    SecretsModule,
  ],
  // The fixed paths of reservations (`instances/reserve`) stand before `instances/:provider/:offerId`.
  controllers: [ReservationsController, InstancesController, RentalsController, PoolsController],
  providers: [
    Installation,
    IdempotentPosts,
    ...OFFERS,
    ...POOLS,
    ...RENTALS,
    ...RESERVATIONS,
    ...RECONCILER,
    ...BILLS,
  ],
  exports: [
    InstanceDirectory,
    ModelDirectory,
    ModelFreshness,
    PoolCatalogue,
    PoolDirectory,
    RentalCatalogue,
    OffersService,
    ReservationCatalogue,
  ],
})
export class GpuModule {}
