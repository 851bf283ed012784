import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';

interface Instance {
  id: string;
  active: number;
  /** What one request that had been there all along would have as its share by now. */
  shareMs: number;
  updatedAt: number;
}

/** One request's stay on an instance. */
export interface BusySpan {
  instance: Instance;
  shareAtStartMs: number;
}

/**
 * Divides the time in which an instance is busy among the requests that run on it: at any moment those under way share
 * it equally. Each change costs the same however many there are. Several processes know nothing of each other here:
 * each divides the time as it sees it.
 */
@Injectable()
export class InstanceBusyTime {
  private readonly instances = new Map<string, Instance>();

  constructor(private readonly clock: Clock) {}

  begin(instanceId: string): BusySpan {
    const instance = this.instances.get(instanceId) ?? this.add(instanceId);
    this.advance(instance);
    instance.active++;
    return { instance, shareAtStartMs: instance.shareMs };
  }

  /** The request's share in milliseconds. To be called once for each begin. */
  end({ instance, shareAtStartMs }: BusySpan): number {
    this.advance(instance);
    instance.active--;
    if (instance.active === 0) this.instances.delete(instance.id);
    return instance.shareMs - shareAtStartMs;
  }

  private add(id: string): Instance {
    const instance = { id, active: 0, shareMs: 0, updatedAt: this.clock.elapsed() };
    this.instances.set(id, instance);
    return instance;
  }

  private advance(instance: Instance): void {
    const now = this.clock.elapsed();
    if (instance.active > 0) instance.shareMs += Math.max(0, now - instance.updatedAt) / instance.active;
    instance.updatedAt = now;
  }
}
