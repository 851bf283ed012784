import { defineCommand } from '../command.js';
import { gpus, money, price, relative } from '../format.js';
import type { Column } from '../../table.js';
import { noteNextPage, PAGE_FLAGS, pageQuery } from '../page.js';
import type { Rental, RentalList } from '../wire.js';

export const rentals = defineCommand({
  name: 'rentals',
  summary: 'what I rent, in which state, and what it has cost',
  arguments: [],
  needs: 'key',
  flags: {
    state: { kind: 'text', value: 'STATES', help: 'only these, e.g. running,starting' },
    ...PAGE_FLAGS,
  },
  async run({ api, flags, output }) {
    const query = { state: flags.state, ...pageQuery(flags) };
    const answer = await api.request<RentalList>('GET', '/api/v1/gpu/rentals', { query });
    const columns: readonly Column<Rental>[] = [
      { title: 'rental', cell: (rental) => rental.id },
      { title: 'instance', cell: (rental) => rental.instance_id ?? '-' },
      { title: 'state', cell: (rental) => rental.state, paint: (text) => output.state(text) },
      { title: 'serving', cell: (rental) => (rental.serving ? 'yes' : 'no') },
      { title: 'gpu', cell: (rental) => gpus(rental.gpu_count, rental.gpu_model) },
      { title: 'price', align: 'right', cell: (rental) => price(rental.price_per_hour) },
      { title: 'cost', align: 'right', cell: (rental) => money(rental.cost) },
      { title: 'since', cell: (rental) => relative(rental.since, output.nowMs) },
      { title: 'pools', cell: (rental) => rental.pools.join(', ') || '-' },
    ];
    await output.answer(answer, async (page) => {
      if (page.rentals.length === 0) output.line('No rentals. See what is on offer with: list');
      else await output.table(columns, page.rentals);
      noteNextPage(output, page);
    });
  },
});
