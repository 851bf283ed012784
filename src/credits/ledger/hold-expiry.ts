import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { HoldKeeper } from './hold-keeper.js';
import { HoldRepository } from './hold.repository.js';

const HOLDS_PER_ROUND = 500;

/** Frees holds that were given a lease and outlived it, because whoever placed them is gone. */
@Injectable()
export class HoldExpiry {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly holds: HoldRepository,
    private readonly keeper: HoldKeeper,
    private readonly clock: Clock,
  ) {}

  /** A hold that is settled or voided meanwhile by its owner stays as its owner left it. */
  async expireDue(signal: AbortSignal): Promise<void> {
    for (const hold of await this.holds.expired(this.clock.now(), HOLDS_PER_ROUND)) {
      if (signal.aborted) return;
      await this.unitOfWork.run((manager) => this.keeper.expire(hold.id, manager));
    }
  }
}
