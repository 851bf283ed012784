import { Test } from '@nestjs/testing';
import type { Type } from '@nestjs/common';
import { Clock, ManualClock } from '../../src/common/clock.js';
import { EventBus, type DomainEvent } from '../../src/common/event-bus.js';
import { newId } from '../../src/common/id.js';
import { AppConfig } from '../../src/config/config.js';
import { CREDITS_ENTITIES } from '../../src/credits/credits.entities.js';
import { CREDITS_PROVIDERS } from '../../src/credits/credits.module.js';
import { LedgerVerifier } from '../../src/credits/ledger/ledger-verifier.js';
import { LedgerService } from '../../src/credits/ledger/ledger.service.js';
import { RentalMeterService } from '../../src/credits/metering/rental-meter.service.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import type { Job } from '../../src/jobs/job.js';
import { JobsService } from '../../src/jobs/jobs.service.js';
import type { TestDatabase } from '../support/databases.js';

export const CREDIT = 1_000_000;
export const CREDITS_SCHEMA = { entities: CREDITS_ENTITIES };

export interface Credits {
  clock: ManualClock;
  ledger: LedgerService;
  meter: RentalMeterService;
  verifier: LedgerVerifier;
  /** What was emitted, oldest first. */
  events: DomainEvent[];
  /** Jobs as they were registered, by name. */
  jobs: Map<string, Job>;
  get<T>(type: Type<T>): T;
  /** A new user with so many credits to spend. */
  userWith(credits: number): Promise<string>;
  /** As the service stops: what is in memory is written. */
  stop(): Promise<void>;
}

const BILLING: AppConfig['billing'] = {
  signupCreditsMicro: 0,
  markupPercent: 0,
  tickMs: 60_000,
  runwayMs: 300_000,
  warnMs: 600_000,
  requestPriceMicro: 0,
  tokenPriceNano: 0,
  secondPriceMicro: 0,
  holdTtlMs: 120_000,
};

/** The credits module as the application wires it, on a test's database and with a clock that the test moves. */
export async function createCredits(
  { unitOfWork }: Pick<TestDatabase, 'unitOfWork'>,
  billing: Partial<AppConfig['billing']> = {},
): Promise<Credits> {
  const clock = new ManualClock();
  const bus = new EventBus();
  const events: DomainEvent[] = [];
  for (const name of ['credits.low', 'credits.exhausted']) bus.on(name, (event) => events.push(event));
  const jobs = new Map<string, Job>();
  const module = await Test.createTestingModule({
    providers: [
      ...CREDITS_PROVIDERS,
      { provide: UnitOfWork, useValue: unitOfWork },
      { provide: Clock, useValue: clock },
      { provide: EventBus, useValue: bus },
      { provide: AppConfig, useValue: { billing: { ...BILLING, ...billing } } },
      { provide: JobsService, useValue: { register: (job: Job) => jobs.set(job.name, job) } },
    ],
  }).compile();
  module.useLogger(false);
  await module.init();
  const ledger = module.get(LedgerService);
  const userWith = async (credits: number): Promise<string> => {
    const userId = newId();
    if (credits > 0) await grant(ledger, userId, credits);
    else await ledger.balanceOf(userId);
    return userId;
  };
  return {
    clock,
    ledger,
    meter: module.get(RentalMeterService),
    verifier: module.get(LedgerVerifier),
    events,
    jobs,
    get: (type) => module.get(type),
    userWith,
    stop: () => module.close(),
  };
}

export async function grant(ledger: LedgerService, userId: string, credits: number): Promise<void> {
  const amountMicro = Math.round(credits * CREDIT);
  await ledger.grant({ userId, amountMicro, reason: 'test', idempotencyKey: newId() });
}
