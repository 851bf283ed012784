import { defineCommand } from '../command.js';
import { printable } from '../../printable.js';
import type { StrategyAnswer } from '../wire.js';

const PATH = '/api/v1/loadbalancer/strategy';

export const lbStrategy = defineCommand({
  name: 'lb-strategy',
  summary: 'show or set how my requests are balanced',
  arguments: [{ name: 'NAME', isOptional: true }],
  needs: 'key',
  flags: {},
  notes: [
    'Names: round_robin, equal_weighted, weighted_round_robin, least_connections, least_response_time.',
    'A pool may have a strategy of its own, which wins.',
  ],
  async run({ api, args: [strategy], output }) {
    const answer =
      strategy === undefined
        ? await api.request<StrategyAnswer>('GET', PATH)
        : await api.request<StrategyAnswer>('PUT', PATH, { body: { strategy } });
    await output.answer(answer, (current) => {
      output.fields([['strategy', output.paint.green(printable(current.strategy))]]);
      if (current.message) output.note(printable(current.message));
    });
  },
});
