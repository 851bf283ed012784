import { Injectable } from '@nestjs/common';
import { LessThan, type EntityManager } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { McpSession } from './mcp-session.entity.js';

@Injectable()
export class McpSessionRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  find(id: string, manager: EntityManager = this.unitOfWork.manager): Promise<McpSession | null> {
    return manager.findOneBy(McpSession, { id });
  }

  /** A server that gives the same id again means a new session. */
  async save(session: McpSession, manager: EntityManager = this.unitOfWork.manager): Promise<void> {
    await manager.upsert(McpSession, session, ['id']);
  }

  async touch(
    id: string,
    lastUsedAt: number,
    manager: EntityManager = this.unitOfWork.manager,
  ): Promise<void> {
    await manager.update(McpSession, { id }, { lastUsedAt });
  }

  async remove(id: string, manager: EntityManager = this.unitOfWork.manager): Promise<void> {
    await manager.delete(McpSession, { id });
  }

  async removeUnusedSince(
    instant: number,
    manager: EntityManager = this.unitOfWork.manager,
  ): Promise<number> {
    const { affected } = await manager.delete(McpSession, { lastUsedAt: LessThan(instant) });
    return affected ?? 0;
  }
}
