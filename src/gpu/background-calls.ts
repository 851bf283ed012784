import { Logger } from '@nestjs/common';

/**
 * Work that waits in a farm's queue and that no job may wait for. The same work is never under way twice in this
 * process; what fails is begun again by a later round. The job's lease does not cover it, so that it must do no harm
 * when another process does the same.
 */
export class BackgroundCalls {
  private readonly logger = new Logger(BackgroundCalls.name);
  private readonly underWay = new Set<string>();

  begin(key: string, work: () => Promise<void>): void {
    if (this.underWay.has(key)) return;
    this.underWay.add(key);
    void this.run(key, work);
  }

  private async run(key: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.logger.warn({ msg: 'failed, will be repeated', work: key, err: error });
    } finally {
      this.underWay.delete(key);
    }
  }
}
