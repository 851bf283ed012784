import { defineCommand } from '../command.js';
import { route } from '../route.js';

const HEAD_TIMEOUT_MS = 120_000;

interface LogsAnswer {
  logs: string | readonly string[];
}

export const logs = defineCommand({
  name: 'logs',
  summary: "a rental's container log",
  arguments: [{ name: 'ID' }],
  needs: 'key',
  flags: {},
  async run({ api, args: [id], output }) {
    const path = route`/api/v1/gpu/rentals/${id}/logs`;
    const answer = await api.request<LogsAnswer>('GET', path, { headTimeoutMs: HEAD_TIMEOUT_MS });
    await output.answer(answer, ({ logs }) => {
      const text = typeof logs === 'string' ? logs : logs.join('\n');
      return output.write(text.endsWith('\n') ? text : `${text}\n`);
    });
  },
});
