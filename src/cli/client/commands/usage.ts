import { defineCommand } from '../command.js';
import { money, relative } from '../format.js';
import type { Column } from '../../table.js';
import { HISTORY_FLAGS, historyQuery, noteNextPage } from '../page.js';
import type { UsageList, UsageRow } from '../wire.js';

export const usage = defineCommand({
  name: 'usage',
  summary: 'my proxied requests and what they cost',
  arguments: [],
  needs: 'key',
  flags: HISTORY_FLAGS,
  async run({ api, flags, output }) {
    const query = historyQuery(flags);
    const answer = await api.request<UsageList>('GET', '/api/v1/credits/usage', { query });
    const columns: readonly Column<UsageRow>[] = [
      { title: 'when', cell: (row) => relative(row.time, output.nowMs) },
      { title: 'pool', cell: (row) => row.pool ?? '-' },
      { title: 'instance', cell: (row) => row.instance_id ?? '-' },
      { title: 'protocol', cell: (row) => row.protocol },
      { title: 'status', align: 'right', cell: (row) => String(row.status), paint: paintStatus },
      { title: 'time', align: 'right', cell: (row) => `${Math.round(row.duration_ms)} ms` },
      { title: 'tokens in', align: 'right', cell: (row) => String(row.input_tokens ?? '-') },
      { title: 'out', align: 'right', cell: (row) => String(row.output_tokens ?? '-') },
      { title: 'cost', align: 'right', cell: (row) => money(row.cost_credits) },
      { title: 'request', cell: (row) => row.request_id },
    ];
    function paintStatus(text: string, row: UsageRow): string {
      return row.status < 400 ? text : output.paint.red(text);
    }
    await output.answer(answer, async (page) => {
      if (page.usage.length === 0) output.line('No usage yet.');
      else await output.table(columns, page.usage);
      noteNextPage(output, page);
    });
  },
});
