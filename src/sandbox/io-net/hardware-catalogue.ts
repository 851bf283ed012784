import { readMarketFile } from '../market-file.js';

export interface IoNetLocation {
  id: number;
  iso2: string;
  name: string;
}

export interface IoNetHardware {
  hardware_id: number;
  hardware_name: string;
  brand_name: string;
  max_gpus_per_container: number;
  /** Dollars, before fees. */
  price_per_gpu_hour: number;
  /** Free GPUs by location id. */
  gpus_by_location: Record<string, number>;
}

interface MarketFile {
  ionet_fee_percent: number;
  currency_conversion_fee_percent: number;
  locations: IoNetLocation[];
  hardware: IoNetHardware[];
}

/** Where the replicas of a deployment stand: one entry per replica. */
export interface Placement {
  hardwareId: number;
  gpusPerContainer: number;
  locationIds: number[];
}

/** The hardware types, where they stand, and how many GPUs of each are still free there. */
export class HardwareCatalogue {
  private readonly market = structuredClone(readMarketFile('io-net.hardware.json')) as MarketFile;

  get fees(): Pick<MarketFile, 'ionet_fee_percent' | 'currency_conversion_fee_percent'> {
    return this.market;
  }

  all(): readonly IoNetHardware[] {
    return this.market.hardware;
  }

  find(hardwareId: number): IoNetHardware | undefined {
    return this.market.hardware.find((hardware) => hardware.hardware_id === hardwareId);
  }

  locations(): readonly IoNetLocation[] {
    return this.market.locations;
  }

  location(id: number): IoNetLocation | undefined {
    return this.market.locations.find((location) => location.id === id);
  }

  availableGpus(hardware: IoNetHardware): number {
    return Object.values(hardware.gpus_by_location).reduce((sum, gpus) => sum + gpus, 0);
  }

  availableReplicas(hardware: IoNetHardware, locationId: number, gpusPerContainer: number): number {
    return Math.floor((hardware.gpus_by_location[locationId] ?? 0) / gpusPerContainer);
  }

  /** Takes the GPUs for `replicas` containers, location by location as asked; undefined when there are too few. */
  place(
    hardware: IoNetHardware,
    wanted: readonly number[],
    gpus: number,
    replicas: number,
  ): Placement | undefined {
    const slots = wanted.flatMap((id) => Array<number>(this.availableReplicas(hardware, id, gpus)).fill(id));
    if (slots.length < replicas) return undefined;
    const placement = {
      hardwareId: hardware.hardware_id,
      gpusPerContainer: gpus,
      locationIds: slots.slice(0, replicas),
    };
    this.move(placement, -gpus);
    return placement;
  }

  release(placement: Placement): void {
    this.move(placement, placement.gpusPerContainer);
  }

  private move({ hardwareId, locationIds }: Placement, gpus: number): void {
    const stock = this.find(hardwareId)?.gpus_by_location ?? {};
    locationIds.forEach((id) => (stock[id] = (stock[id] ?? 0) + gpus));
  }
}
