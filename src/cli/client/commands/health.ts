import { defineCommand } from '../command.js';
import { printable } from '../../printable.js';
import type { Health } from '../wire.js';

export const health = defineCommand({
  name: 'health',
  summary: 'whether the server is up',
  arguments: [],
  needs: 'nothing',
  flags: {},
  async run({ api, output }) {
    const answer = await api.request<Health>('GET', '/health');
    await output.answer(answer, ({ status, timestamp }) =>
      output.fields([
        ['status', output.state(status)],
        ['time', printable(timestamp)],
      ]),
    );
  },
});
