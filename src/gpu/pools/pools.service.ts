import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { isUniqueViolation } from '../../database/unique-violation.js';
import { poolExists, poolNotFound, reservedPoolName } from '../gpu.errors.js';
import { DirectorySync } from './directory-sync.service.js';
import type { CreatePoolDto } from './dto/create-pool.dto.js';
import type { UpdatePoolDto } from './dto/update-pool.dto.js';
import { PoolContext } from './pool-context.js';
import { DEFAULT_POOL, type Pool } from './pool.entity.js';
import { PoolRepository } from './pool.repository.js';

/** Making and changing pools. `default` always exists and holds all running rentals; only its settings can change. */
@Injectable()
export class PoolsService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly pools: PoolRepository,
    private readonly directory: DirectorySync,
    private readonly context: PoolContext,
  ) {}

  async create(userId: string, dto: CreatePoolDto): Promise<Pool> {
    if (dto.name === DEFAULT_POOL) throw reservedPoolName();
    await this.context.requireOwnRentals(userId, dto.members ?? []);
    const pool = this.context.make(userId, dto.name, dto);
    await this.insert(pool, dto.members ?? []);
    await this.directory.ownerChanged(userId);
    return pool;
  }

  async update(userId: string, name: string, dto: UpdatePoolDto): Promise<Pool> {
    if (name === DEFAULT_POOL && dto.members) throw reservedPoolName();
    await this.context.requireOwnRentals(userId, dto.members ?? []);
    const pool = await this.findOrMakeDefault(userId, name);
    const patch = this.context.settings(pool.id, dto);
    await this.unitOfWork.run(async (manager) => {
      await this.pools.update(pool.id, patch, manager);
      if (dto.members) await this.pools.replaceMembers(pool.id, dto.members, manager);
    });
    await this.directory.ownerChanged(userId);
    return Object.assign(pool, patch);
  }

  /** Its rentals stay; they are only no longer reached through this name. */
  async delete(userId: string, name: string): Promise<void> {
    const pool = await this.pools.find(userId, name);
    if (!pool) throw name === DEFAULT_POOL ? reservedPoolName() : poolNotFound(name);
    await this.unitOfWork.run((manager) => this.pools.delete(pool.id, manager));
    await this.directory.ownerChanged(userId);
  }

  async removeIfThere(userId: string, name: string): Promise<void> {
    if (await this.pools.find(userId, name)) await this.delete(userId, name);
  }

  /** The pool of that name, made if it is new. */
  async ensure(userId: string, name: string): Promise<Pool | undefined> {
    return name === DEFAULT_POOL ? undefined : this.findOrMake(userId, name);
  }

  /** Puts rentals into the pool, making the pool if it is new. */
  async join(userId: string, name: string, rentalIds: readonly string[]): Promise<void> {
    const pool = await this.ensure(userId, name);
    if (pool) await this.pools.addMembers(pool.id, rentalIds);
    await this.directory.ownerChanged(userId);
  }

  /** `default` gets its row with its first setting. */
  private async findOrMakeDefault(userId: string, name: string): Promise<Pool> {
    if (name === DEFAULT_POOL) return this.findOrMake(userId, name);
    const pool = await this.pools.find(userId, name);
    if (!pool) throw poolNotFound(name);
    return pool;
  }

  /** Two who make it at the same time have the same one. */
  private async findOrMake(userId: string, name: string): Promise<Pool> {
    const known = await this.pools.find(userId, name);
    if (known) return known;
    const made = this.context.make(userId, name, {});
    try {
      await this.insert(made, []);
      return made;
    } catch (error) {
      const found = await this.pools.find(userId, name);
      if (found) return found;
      throw error;
    }
  }

  private async insert(pool: Pool, members: readonly string[]): Promise<void> {
    try {
      await this.unitOfWork.run(async (manager) => {
        await this.pools.insert(pool, manager);
        await this.pools.replaceMembers(pool.id, members, manager);
      });
    } catch (error) {
      throw isUniqueViolation(error) ? poolExists(pool.name) : error;
    }
  }
}
