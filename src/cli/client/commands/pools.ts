import { defineCommand } from '../command.js';
import type { Column } from '../../table.js';
import { noteNextPage, PAGE_FLAGS, pageQuery } from '../page.js';
import type { Pool, PoolList } from '../wire.js';

const COLUMNS: readonly Column<Pool>[] = [
  { title: 'pool', cell: (pool) => pool.name },
  { title: 'members', align: 'right', cell: (pool) => String(pool.members?.length ?? 0) },
  { title: 'protocol', cell: (pool) => pool.protocol },
  { title: 'strategy', cell: (pool) => pool.strategy ?? 'default' },
  { title: 'port', align: 'right', cell: (pool) => String(pool.port ?? 'first') },
  { title: 'models', cell: (pool) => pool.models?.join(', ') || '-' },
];

export const pools = defineCommand({
  name: 'pools',
  summary: 'my pools and what they serve',
  arguments: [],
  needs: 'key',
  flags: PAGE_FLAGS,
  async run({ api, flags, output }) {
    const query = pageQuery(flags);
    const answer = await api.request<PoolList>('GET', '/api/v1/gpu/pools', { query });
    await output.answer(answer, async (page) => {
      if (page.pools.length === 0) output.line('No pools. "reserve" and "create -pool NAME" make one.');
      else await output.table(COLUMNS, page.pools);
      noteNextPage(output, page);
    });
  },
});
