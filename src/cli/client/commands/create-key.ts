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
    'spend-limit': { kind: 'number', value: 'CREDITS', help: 'most that its requests may cost' },
    'allow-ip': { kind: 'list', value: 'RANGE', help: 'where it may be used from, e.g. 203.0.113.0/24' },
    'allow-model': { kind: 'list', value: 'MODEL', help: 'which models it may ask, e.g. acme/*' },
    'allow-target': {
      kind: 'list',
      value: 'TARGET',
      help: 'where its requests may go: a pool, an id, a host',
    },
    rate: { kind: 'number', value: 'N', help: 'most requests a minute' },
  },
  async run({ api, args: [name], flags, output }) {
    const body = {
      name,
      expires_at: flags.expires,
      scopes: listOf(flags.scope),
      spend_limit_credits: flags['spend-limit'],
      allowed_ips: listOf(flags['allow-ip']),
      allowed_models: listOf(flags['allow-model']),
      allowed_targets: listOf(flags['allow-target']),
      requests_per_minute: flags.rate,
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

/** Nothing given narrows nothing. */
function listOf(given: readonly string[]): readonly string[] | undefined {
  return given.length > 0 ? given : undefined;
}
