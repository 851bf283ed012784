import { defineCommand } from '../command.js';
import { relative } from '../format.js';
import type { Column } from '../../table.js';
import { noteNextPage, PAGE_FLAGS, pageQuery } from '../page.js';
import type { Reservation, ReservationList } from '../wire.js';

export const reservations = defineCommand({
  name: 'reservations',
  summary: 'my reservations',
  arguments: [],
  needs: 'key',
  flags: PAGE_FLAGS,
  async run({ api, flags, output }) {
    const query = pageQuery(flags);
    const answer = await api.request<ReservationList>('GET', '/api/v1/gpu/reservations', { query });
    const columns: readonly Column<Reservation>[] = [
      { title: 'reservation', cell: (row) => row.reservation_id },
      { title: 'state', cell: (row) => row.state, paint: (text) => output.state(text) },
      { title: 'pool', cell: (row) => row.pool },
      { title: 'made', cell: (row) => relative(row.created_at, output.nowMs) },
      { title: 'reserved', align: 'right', cell: (row) => `${row.count} of ${row.requested}` },
    ];
    await output.answer(answer, async (page) => {
      if (page.reservations.length === 0) output.line('No reservations.');
      else await output.table(columns, page.reservations);
      noteNextPage(output, page);
    });
  },
});
