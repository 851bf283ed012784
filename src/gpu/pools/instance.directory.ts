import { Injectable } from '@nestjs/common';
import type { ProviderName } from '../../providers/gpu-provider.js';
import type { PoolProtocol } from './pool.entity.js';

/** Container port under which a farm's only service URL is filed. */
export const ONLY_ORIGIN = 0;

/** How the health of an instance is found out. */
export interface HealthProbe {
  /** Named by its owner: only a 2xx of this path counts. Absent: the usual paths are tried. */
  path?: string;
  port?: number;
  /** Protocols of its pools, which guide the order of the usual paths. */
  protocols: readonly PoolProtocol[];
}

/** A running instance as the data plane needs it: everything in memory. */
export interface RoutableInstance {
  instanceId: string;
  rentalId: string;
  ownerId: string;
  provider: ProviderName;
  /** Container port (ONLY_ORIGIN = the farm's only URL) -> origin such as `http://1.2.3.4:41300`. */
  origins: ReadonlyMap<number, string>;
  isServing: boolean;
  hasService: boolean;
  health: HealthProbe;
}

/** The origin for a container port: that port's, else the farm's only URL, else (no port asked) the first mapped. */
export function originOf(instance: Pick<RoutableInstance, 'origins'>, port?: number): string | undefined {
  const { origins } = instance;
  if (port !== undefined) return origins.get(port) ?? origins.get(ONLY_ORIGIN);
  return origins.get(ONLY_ORIGIN) ?? origins.values().next().value;
}

/** All running instances of this installation, kept equal to the database by DirectorySync. */
@Injectable()
export class InstanceDirectory {
  private readonly byInstance = new Map<string, RoutableInstance>();
  private readonly byRental = new Map<string, RoutableInstance>();
  private readonly byOwner = new Map<string, readonly RoutableInstance[]>();

  find(instanceId: string): RoutableInstance | undefined {
    return this.byInstance.get(instanceId);
  }

  findByRental(rentalId: string): RoutableInstance | undefined {
    return this.byRental.get(rentalId);
  }

  ofOwner(ownerId: string): readonly RoutableInstance[] {
    return this.byOwner.get(ownerId) ?? [];
  }

  all(): IterableIterator<RoutableInstance> {
    return this.byInstance.values();
  }

  /**
   * Returns the instances that are no more. A machine of one's own keeps its instance id from rental to rental, so
   * that one which somebody has again by now is not among them.
   */
  replaceOwner(ownerId: string, instances: readonly RoutableInstance[]): RoutableInstance[] {
    const kept = new Set(instances.map(({ rentalId }) => rentalId));
    const left = this.ofOwner(ownerId).filter(({ rentalId }) => !kept.has(rentalId));
    left.forEach((instance) => this.forget(instance));
    instances.forEach((instance) => {
      this.byInstance.set(instance.instanceId, instance);
      this.byRental.set(instance.rentalId, instance);
    });
    this.byOwner.set(ownerId, instances);
    return left.filter(({ instanceId }) => !this.byInstance.has(instanceId));
  }

  private forget({ instanceId, rentalId }: RoutableInstance): void {
    this.byRental.delete(rentalId);
    if (this.find(instanceId)?.rentalId === rentalId) this.byInstance.delete(instanceId);
  }
}
