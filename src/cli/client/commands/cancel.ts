import { defineCommand } from '../command.js';
import { showReservation } from '../reservations.js';
import { route } from '../route.js';
import type { Reservation } from '../wire.js';

const HEAD_TIMEOUT_MS = 180_000;

export const cancel = defineCommand({
  name: 'cancel',
  summary: 'end a reservation and give its machines back',
  arguments: [{ name: 'RESERVATION' }],
  needs: 'key',
  flags: {},
  async run({ api, args: [id], output }) {
    const path = route`/api/v1/gpu/reservations/${id}`;
    const answer = await api.request<Reservation>('DELETE', path, { headTimeoutMs: HEAD_TIMEOUT_MS });
    await output.answer(answer, (reservation) => showReservation(output, reservation));
  },
});
