import { printable } from '../printable.js';
import { price, relative } from './format.js';
import { noteGaps } from './offers.js';
import type { Column } from '../table.js';
import type { Output } from './output.js';
import type { InstanceLoad, LoadList, Offer, OfferList } from './wire.js';

/** What the balancer knows about each of the caller's instances. */
export async function showServerLoad(output: Output, { strategy, loads }: LoadList): Promise<void> {
  const rows = Object.values(loads);
  const columns: readonly Column<InstanceLoad>[] = [
    { title: 'instance', cell: (load) => load.instance_id },
    { title: 'provider', cell: (load) => load.provider },
    { title: 'state', cell: (load) => load.state, paint: (text) => output.state(text) },
    { title: 'active', align: 'right', cell: (load) => String(load.active_connections) },
    { title: 'total', align: 'right', cell: (load) => String(load.total_connections) },
    { title: 'average', align: 'right', cell: (load) => load.avg_response_time },
    { title: 'last', align: 'right', cell: (load) => load.last_response_time },
    { title: 'weight', align: 'right', cell: (load) => String(load.weight) },
    { title: 'last used', cell: (load) => relative(load.last_used, output.nowMs) },
  ];
  output.line(output.paint.bold(`Server load, strategy ${printable(strategy)}`));
  if (rows.length === 0) output.line('No instance is being balanced.');
  else await output.table(columns, rows);
}

interface FarmOffers {
  provider: string;
  offers: number;
  gpuCount: number;
  cheapest: number;
}

const FARM_COLUMNS: readonly Column<FarmOffers>[] = [
  { title: 'provider', cell: (farm) => farm.provider },
  { title: 'offers', align: 'right', cell: (farm) => String(farm.offers) },
  { title: 'gpus', align: 'right', cell: (farm) => String(farm.gpuCount) },
  { title: 'cheapest', align: 'right', cell: (farm) => price(farm.cheapest) },
];

/** How much each farm has on offer. */
export async function showOfferLoad(output: Output, list: OfferList): Promise<void> {
  const farms = summarize(list.instances);
  output.line(output.paint.bold('Provider load, offers available now'));
  if (farms.length === 0) output.line('Nothing is on offer.');
  else await output.table(FARM_COLUMNS, farms);
  noteGaps(output, list);
}

function summarize(offers: readonly Offer[]): FarmOffers[] {
  const farms = new Map<string, FarmOffers>();
  for (const { provider, gpu_count, price_per_hour, available } of offers) {
    if (!available) continue;
    const farm = farms.get(provider) ?? { provider, offers: 0, gpuCount: 0, cheapest: Infinity };
    farm.offers += 1;
    farm.gpuCount += gpu_count;
    farm.cheapest = Math.min(farm.cheapest, price_per_hour);
    farms.set(provider, farm);
  }
  return [...farms.values()].sort((a, b) => a.provider.localeCompare(b.provider));
}
