import { defineCommand } from '../command.js';
import { relative } from '../format.js';
import type { CreatedApiKey } from '../wire.js';

export const createKey = defineCommand({
  name: 'create-key',
  summary: 'make an API key (needs -token)',
  arguments: [{ name: 'NAME' }],
  needs: 'token',
  flags: {
    expires: { kind: 'text', value: 'INSTANT', help: 'when it ends, e.g. 2030-01-31T00:00:00Z' },
    scope: {
      kind: 'list',
      value: 'SCOPE',
      help: 'what it may do, e.g. gpu:read (default: all but managing keys)',
    },
    'spend-limit': { kind: 'number', value: 'CREDITS', help: 'most it may spend' },
  },
  async run({ api, args: [name], flags, output }) {
    const body = {
      name,
      expires_at: flags.expires,
      scopes: flags.scope.length > 0 ? flags.scope : undefined,
      spend_limit_credits: flags['spend-limit'],
    };
    const answer = await api.request<CreatedApiKey>('POST', '/api/v1/auth/apikey', { body });
    await output.answer(answer, (key) => {
      output.fields([
        ['key', output.paint.bold(key.api_key)],
        ['name', key.name],
        ['id', key.id],
        ['scopes', key.scopes.join(', ')],
        ['expires', key.expires_at ? relative(key.expires_at, output.nowMs) : 'never'],
      ]);
      output.note('Keep the key now: it is not shown again.');
    });
  },
});
