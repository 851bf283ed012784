import { defineCommand } from '../command.js';
import { route } from '../route.js';

const HEAD_TIMEOUT_MS = 120_000;

export const logs = defineCommand({
  name: 'logs',
  summary: "a rental's container log",
  arguments: [{ name: 'ID' }],
  needs: 'key',
  flags: { tail: { kind: 'number', value: 'LINES', help: 'lines from the end (default 200)' } },
  async run({ api, args: [id], flags, output }) {
    const path = route`/api/v1/gpu/rentals/${id}/logs`;
    const options = { query: { tail: flags.tail }, headTimeoutMs: HEAD_TIMEOUT_MS };
    const answer = await api.request<{ logs: string }>('GET', path, options);
    await output.answer(answer, ({ logs }) =>
      output.write(logs === '' || logs.endsWith('\n') ? logs : `${logs}\n`),
    );
  },
});
