/** One row of the market; the columns that the simulator computes with are typed, the others pass through. */
export interface VastOffer {
  id: number;
  machine_id: number;
  host_id: number;
  num_gpus: number;
  gpu_name: string;
  gpu_total_ram: number;
  cpu_cores: number | null;
  cpu_ram: number;
  disk_space: number;
  inet_down: number;
  inet_up_cost: number;
  inet_down_cost: number;
  direct_port_count: number;
  geolocation: string | null;
  verification: string;
  hosting_type: number;
  driver_vers: number;
  dph_base: number;
  min_bid: number;
  storage_cost: number;
  dlperf: number;
  total_flops: number;
  rentable: boolean;
  rented: boolean;
  external: boolean | null;
  /** Unix seconds. */
  start_date: number;
  end_date: number;
  [column: string]: unknown;
}

/** Hours that vast.ai reckons in a month of storage. */
const HOURS_PER_MONTH = 720;

export function storagePerHour(offer: VastOffer, diskGb: number): number {
  return (offer.storage_cost * diskGb) / HOURS_PER_MONTH;
}

/** Prices on the wire carry ten decimals; more would only show the float's noise. */
export const roundPrice = (dollars: number): number => Number(dollars.toFixed(10));

/** `search` and `instance` of a row: a price taken apart. */
export function priceParts(gpuPerHour: number, diskPerHour: number): object {
  const total = roundPrice(gpuPerHour + diskPerHour);
  return {
    gpuCostPerHour: gpuPerHour,
    diskHour: diskPerHour,
    totalHour: total,
    discountTotalHour: 0,
    discountedTotalPerHour: total,
  };
}

/** The ISO code after the last comma of `Texas, US`; null when the place is unknown. */
export function countryOf(geolocation: string | null): string | null {
  return geolocation?.split(',').at(-1)?.trim() || null;
}
