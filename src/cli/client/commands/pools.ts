import { defineCommand } from '../command.js';
import type { Column } from '../../table.js';
import type { Pool, PoolList } from '../wire.js';

const COLUMNS: readonly Column<Pool>[] = [
  { title: 'pool', cell: (pool) => pool.name },
  {
    title: 'serving',
    align: 'right',
    cell: ({ members }) => `${members.filter(({ serving }) => serving).length} of ${members.length}`,
  },
  { title: 'protocol', cell: (pool) => pool.protocol },
  {
    title: 'strategy',
    cell: (pool) => (pool.strategy_is_default ? `${pool.strategy} (default)` : pool.strategy),
  },
  { title: 'port', align: 'right', cell: (pool) => String(pool.port ?? 'first') },
  { title: 'models', cell: (pool) => pool.models.join(', ') || '-' },
];

export const pools = defineCommand({
  name: 'pools',
  summary: 'my pools and what they serve',
  arguments: [],
  needs: 'key',
  flags: {},
  async run({ api, output }) {
    const answer = await api.request<PoolList>('GET', '/api/v1/gpu/pools');
    await output.answer(answer, async (page) => {
      if (page.pools.length === 0) output.line('No pools. "reserve" and "create -pool NAME" make one.');
      else await output.table(COLUMNS, page.pools);
    });
  },
});
