import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { newId } from '../../common/id.js';
import { SecretBox } from '../../secrets/secret-box.js';
import { unknownMembers } from '../gpu.errors.js';
import { RentalRepository } from '../rentals/rental.repository.js';
import type { UpdatePoolDto } from './dto/update-pool.dto.js';
import type { Pool } from './pool.entity.js';
import { newPool, settingsFrom } from './pool-settings.js';

/** What the making of a pool needs besides the database. */
@Injectable()
export class PoolContext {
  constructor(
    private readonly rentals: RentalRepository,
    private readonly secrets: SecretBox,
    private readonly clock: Clock,
  ) {}

  make(userId: string, name: string, dto: UpdatePoolDto): Pool {
    const pool = newPool(newId(), userId, name, this.clock.now());
    return Object.assign(pool, this.settings(pool.id, dto));
  }

  settings(poolId: string, dto: UpdatePoolDto): Partial<Pool> {
    return settingsFrom(poolId, dto, this.secrets);
  }

  async requireOwnRentals(userId: string, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const own = new Set(
      (await this.rentals.findMany(ids)).filter((rental) => rental.userId === userId).map(({ id }) => id),
    );
    const unknown = ids.filter((id) => !own.has(id));
    if (unknown.length > 0) throw unknownMembers(unknown);
  }
}
