import { defineCommand } from '../command.js';
import { money, span } from '../format.js';
import type { Column } from '../../table.js';
import { HISTORY_FLAGS, historyQuery, noteNextPage } from '../page.js';
import type { SessionList, SessionRow } from '../wire.js';

const COLUMNS: readonly Column<SessionRow>[] = [
  { title: 'client', cell: (row) => row.client_id },
  { title: 'ip', cell: (row) => row.ip ?? '-' },
  { title: 'date', cell: (row) => row.date },
  { title: 'time', cell: (row) => row.time },
  { title: 'duration', align: 'right', cell: (row) => span(row.duration * 1000) },
  { title: 'remaining', align: 'right', cell: (row) => money(row.credits_remaining) },
  { title: 'total', align: 'right', cell: (row) => money(row.credits_total) },
  { title: 'overage', align: 'right', cell: (row) => money(row.credits_overage) },
  { title: 'cap', align: 'right', cell: (row) => money(row.credits_cap) },
  { title: 'auto-renew', cell: (row) => (row.credits_auto_renew ? 'on' : 'off') },
];

export const sessions = defineCommand({
  name: 'sessions',
  summary: 'my usage sessions with their credits',
  arguments: [],
  needs: 'key',
  flags: HISTORY_FLAGS,
  async run({ api, flags, output }) {
    const query = historyQuery(flags);
    const answer = await api.request<SessionList>('GET', '/api/v1/credits/sessions', { query });
    await output.answer(answer, async (page) => {
      if (page.sessions.length === 0) output.line('No sessions yet.');
      else await output.table(COLUMNS, page.sessions);
      noteNextPage(output, page);
    });
  },
});
