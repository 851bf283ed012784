import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { InferenceStarter } from './infer/inference-starter.js';
import { Snapshots } from './snapshots.js';
import { StreamAccess } from './stream-access.js';
import { StreamHub } from './stream-hub.js';

/** Everything that a session needs of the service. */
@Injectable()
export class SessionServices {
  constructor(
    readonly hub: StreamHub,
    readonly snapshots: Snapshots,
    readonly inferences: InferenceStarter,
    readonly access: StreamAccess,
    readonly clock: Clock,
  ) {}
}
