import { defineCommand } from '../command.js';
import { FILTER_FLAGS, filtersOf } from '../filters.js';
import { gigabytes, gpus, price } from '../format.js';
import { noteGaps } from '../offers.js';
import type { Column } from '../../table.js';
import type { Offer, OfferList } from '../wire.js';

const COLUMNS: readonly Column<Offer>[] = [
  { title: 'id', cell: (offer) => offer.id },
  { title: 'provider', cell: (offer) => offer.provider },
  { title: 'gpu', cell: (offer) => gpus(offer.gpu_count, offer.gpu_name) },
  { title: 'vram', align: 'right', cell: (offer) => gigabytes(offer.vram_gb) },
  { title: 'price', align: 'right', cell: (offer) => price(offer.price_per_hour) },
  { title: 'cpu', align: 'right', cell: (offer) => String(offer.cpu_cores ?? '-') },
  { title: 'ram', align: 'right', cell: (offer) => gigabytes(offer.ram_gb) },
  { title: 'disk', align: 'right', cell: (offer) => gigabytes(offer.storage_gb) },
  { title: 'location', cell: (offer) => offer.location ?? '-' },
];

export const list = defineCommand({
  name: 'list',
  summary: 'GPUs that can be rented now',
  arguments: [{ name: 'provider', isOptional: true }],
  needs: 'key',
  flags: {
    ...FILTER_FLAGS,
    limit: { kind: 'number', value: 'N', help: 'rows to show' },
    sort: { kind: 'text', value: 'ORDER', help: 'price (default), -price, vram or reliability' },
  },
  notes: ['Providers: vast.ai, io.net, static (owned machines); none = all.'],
  async run({ api, args: [provider], flags, output }) {
    const query = { provider, ...filtersOf(flags), limit: flags.limit, sort: flags.sort };
    const answer = await api.request<OfferList>('GET', '/api/v1/gpu/instances', { query });
    await output.answer(answer, async (offers) => {
      if (offers.instances.length === 0) output.line('No GPU on offer fits.');
      else await output.table(COLUMNS, offers.instances);
      noteGaps(output, offers);
    });
  },
});
