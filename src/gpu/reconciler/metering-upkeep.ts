import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AppConfig } from '../../config/config.js';
import { JobsService } from '../../jobs/jobs.service.js';
import { RentalMetering } from '../rentals/rental-metering.service.js';
import { RentalRepository } from '../rentals/rental.repository.js';

/** It makes up for what hardly ever happens, and reads the whole history for it. */
const POLLS_APART = 10;

/** Starts and settles the meters of rentals whose process died, or whose database failed, before it could. */
@Injectable()
export class MeteringUpkeep implements OnModuleInit {
  constructor(
    private readonly jobs: JobsService,
    private readonly config: AppConfig,
    private readonly rentals: RentalRepository,
    private readonly metering: RentalMetering,
  ) {}

  onModuleInit(): void {
    this.jobs.register({
      name: 'gpu.metering',
      intervalMs: this.config.gpu.pollIntervalMs * POLLS_APART,
      run: () => this.makeUp(),
    });
  }

  private async makeUp(): Promise<void> {
    await this.metering.makeUpStarts(await this.rentals.running());
    await this.metering.makeUpFinishes();
  }
}
