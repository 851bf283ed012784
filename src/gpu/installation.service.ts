import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { newId } from '../common/id.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { isUniqueViolation } from '../database/unique-violation.js';
import { InstallationRecord } from './installation.entity.js';

const ONLY_ROW = 'installation';

/**
 * Marks every contract that this installation makes, so that the reconciler touches no other. Made at the first
 * start and kept in the database, which all processes of an installation share.
 */
@Injectable()
export class Installation implements OnModuleInit {
  private mark = '';

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  async onModuleInit(): Promise<void> {
    this.mark = (await this.find()) ?? (await this.create());
  }

  /** `gpx-1a2b3c4d-`: what the labels of all our contracts start with. */
  get labelPrefix(): string {
    return `gpx-${this.mark}-`;
  }

  labelFor(rentalId: string): string {
    return `${this.labelPrefix}${rentalId}`;
  }

  private async find(): Promise<string | undefined> {
    return (await this.unitOfWork.manager.findOneBy(InstallationRecord, { id: ONLY_ROW }))?.mark;
  }

  /** Two processes that start together: the second reads what the first wrote. */
  private async create(): Promise<string> {
    const mark = newId().slice(0, 8);
    try {
      await this.unitOfWork.manager.insert(InstallationRecord, {
        id: ONLY_ROW,
        mark,
        createdAt: this.clock.now(),
      });
      return mark;
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      return (await this.find()) ?? mark;
    }
  }
}
