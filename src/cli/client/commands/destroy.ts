import { defineCommand } from '../command.js';
import { printable } from '../../printable.js';
import { route } from '../route.js';
import type { DestroyedRental } from '../wire.js';

const HEAD_TIMEOUT_MS = 120_000;

export const destroy = defineCommand({
  name: 'destroy',
  summary: 'give a rented machine back',
  arguments: [{ name: 'PROVIDER' }, { name: 'ID' }],
  needs: 'key',
  flags: {},
  notes: ["ID is the farm's contract, the instance or the rental. Repeating it does no harm."],
  async run({ api, args: [provider, id], output }) {
    const path = route`/api/v1/gpu/instances/${provider}/${id}`;
    const answer = await api.request<DestroyedRental>('DELETE', path, { headTimeoutMs: HEAD_TIMEOUT_MS });
    await output.answer(answer, (rental) => {
      output.line(printable(rental.message));
      output.fields([
        ['rental', rental.rental_id],
        ['state', output.state(rental.state)],
      ]);
    });
  },
});
