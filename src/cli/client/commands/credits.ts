import { defineCommand } from '../command.js';
import { money } from '../format.js';
import type { Credits } from '../wire.js';

export const credits = defineCommand({
  name: 'credits',
  summary: 'what I have, hold and have used',
  arguments: [],
  needs: 'key',
  flags: {},
  async run({ api, output }) {
    const answer = await api.request<Credits>('GET', '/api/v1/credits');
    await output.answer(answer, (balance) => {
      const remaining = money(balance.credits_remaining);
      output.fields([
        [
          'remaining',
          balance.credits_remaining > 0 ? output.paint.green(remaining) : output.paint.red(remaining),
        ],
        ['held', money(balance.credits_held)],
        ['used', money(balance.credits_used)],
        ['total', money(balance.credits_total)],
        ['overage', `${money(balance.credits_overage)} of ${money(balance.credits_cap)} allowed`],
        ['auto-renew', balance.credits_auto_renew ? 'on' : 'off'],
      ]);
    });
  },
});
