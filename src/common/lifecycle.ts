import { Injectable } from '@nestjs/common';

/** Whether this process is on its way out: then it takes no new work and tells load balancers so. */
@Injectable()
export class Lifecycle {
  private draining = false;

  get isDraining(): boolean {
    return this.draining;
  }

  beginDraining(): void {
    this.draining = true;
  }
}
