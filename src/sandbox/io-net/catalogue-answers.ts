import { ok, type FarmAnswer, type FarmCall } from '../farm-call.js';
import { InputReader } from './input-reader.js';
import type { IoNetFarm } from './io-net-farm.js';
import { priceOf } from './io-net-price.js';
import { hardwareNotFound } from './io-net.errors.js';

/** `GET /hardware/max-gpus-per-container`: no price here. */
export function listHardware({ catalogue }: IoNetFarm): FarmAnswer {
  const hardware = catalogue.all().map((row) => ({
    max_gpus_per_container: row.max_gpus_per_container,
    available: catalogue.availableGpus(row),
    hardware_id: row.hardware_id,
    hardware_name: row.hardware_name,
    brand_name: row.brand_name,
  }));
  return ok({ data: { hardware, total: hardware.reduce((sum, { available }) => sum + available, 0) } });
}

/** `GET /available-replicas`: places that never carry the hardware are not listed. */
export function listReplicas({ catalogue }: IoNetFarm, { query }: FarmCall): FarmAnswer {
  const input = new InputReader(query, ['query']);
  const hardwareId = input.integer('hardware_id', 0);
  const gpus = input.integer('hardware_qty', 1);
  input.done();
  const hardware = catalogue.find(hardwareId);
  const places = catalogue
    .locations()
    .filter(({ id }) => hardware && String(id) in hardware.gpus_by_location);
  return ok({
    data: places.map((place) => ({
      ...place,
      available_replicas: hardware ? catalogue.availableReplicas(hardware, place.id, gpus) : 0,
    })),
  });
}

/** `GET /price`: for the whole duration and all replicas, fees included. */
export function quotePrice({ catalogue }: IoNetFarm, { query }: FarmCall): FarmAnswer {
  const input = new InputReader(query, ['query']);
  const locationIds = input.integers('location_ids');
  const hardwareId = input.integer('hardware_id', 0);
  const hours = input.integer('duration_hours', 1);
  const gpusPerContainer = input.integer('gpus_per_container', 1);
  const replicas = input.integer('replica_count', 1);
  input.done();
  const hardware = catalogue.find(hardwareId);
  if (!hardware) throw hardwareNotFound();
  const price = priceOf(catalogue, { hardware, hours, gpusPerContainer, replicas });
  return ok({
    data: {
      replica_count: replicas,
      gpus_per_container: gpusPerContainer,
      available_replica_count: locationIds.map((id) =>
        catalogue.availableReplicas(hardware, id, gpusPerContainer),
      ),
      discount: 0,
      ionet_fee: price.ionetFee,
      ionet_fee_percent: catalogue.fees.ionet_fee_percent,
      currency_conversion_fee: price.conversionFee,
      currency_conversion_fee_percent: catalogue.fees.currency_conversion_fee_percent,
      total_cost_usdc: price.total,
    },
  });
}

/** `GET /locations` of the console's own interface. */
export function listLocations({ catalogue }: IoNetFarm): FarmAnswer {
  const locations = catalogue.locations().map((location) => ({
    ...location,
    available: catalogue.all().reduce((sum, { gpus_by_location: gpus }) => sum + (gpus[location.id] ?? 0), 0),
  }));
  return ok({ data: { locations, total: locations.reduce((sum, { available }) => sum + available, 0) } });
}

/** `GET /clusters/check_cluster_name_availability`: a bare boolean. */
export function checkName({ deployments }: IoNetFarm, { query }: FarmCall): FarmAnswer {
  return ok(!deployments.isNameTaken(query.cluster_name ?? ''));
}
