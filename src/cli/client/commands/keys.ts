import { defineCommand } from '../command.js';
import { relative } from '../format.js';
import type { Column } from '../../table.js';
import { noteNextPage, PAGE_FLAGS, pageQuery } from '../page.js';
import type { ApiKeyList, ApiKeyRow } from '../wire.js';

export const keys = defineCommand({
  name: 'keys',
  summary: 'my API keys, without their secrets',
  arguments: [],
  needs: 'key',
  flags: PAGE_FLAGS,
  async run({ api, flags, output }) {
    const query = pageQuery(flags);
    const answer = await api.request<ApiKeyList>('GET', '/api/v1/auth/apikey', { query });
    const columns: readonly Column<ApiKeyRow>[] = [
      { title: 'id', cell: (key) => key.id },
      { title: 'name', cell: (key) => key.name },
      { title: 'starts with', cell: (key) => key.prefix },
      {
        title: 'expires',
        cell: (key) => (key.expires_at ? relative(key.expires_at, output.nowMs) : 'never'),
      },
      { title: 'scopes', cell: (key) => key.scopes.join(', ') || '-' },
    ];
    await output.answer(answer, async (page) => {
      if (page.api_keys.length === 0) output.line('No API keys. Make one with: create-key NAME');
      else await output.table(columns, page.api_keys);
      noteNextPage(output, page);
    });
  },
});
