import { defineCommand } from '../command.js';
import { route } from '../route.js';
import { showRental } from '../rentals.js';
import type { Rental } from '../wire.js';

export const rental = defineCommand({
  name: 'rental',
  summary: 'everything about one rental',
  arguments: [{ name: 'ID' }],
  needs: 'key',
  flags: {},
  async run({ api, args: [id], output }) {
    const answer = await api.request<Rental>('GET', route`/api/v1/gpu/rentals/${id}`);
    await output.answer(answer, (rental) => showRental(output, rental));
  },
});
