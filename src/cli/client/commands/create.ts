import { defineCommand } from '../command.js';
import { price } from '../format.js';
import { RENTAL_FLAGS, rentalConfigOf } from '../rental-config.js';
import { route } from '../route.js';
import { IDEMPOTENCY_FLAG, spend } from '../spending.js';
import { TIME_LIMIT_FLAG, timeLimitHeader } from '../time-limit.js';
import type { CreatedRental } from '../wire.js';

/** A rent may queue a minute behind the farm's pace before the farm itself takes its time. */
const HEAD_TIMEOUT_MS = 180_000;

export const create = defineCommand({
  name: 'create',
  summary: 'rent one offer',
  arguments: [{ name: 'PROVIDER' }, { name: 'ID' }],
  needs: 'key',
  flags: {
    ...RENTAL_FLAGS,
    pool: { kind: 'text', value: 'NAME', help: 'pool to put it in; made when new' },
    'max-price': { kind: 'number', value: 'DOLLARS', help: 'refuse when it costs more per hour' },
    ...TIME_LIMIT_FLAG,
    ...IDEMPOTENCY_FLAG,
  },
  notes: ['-timelimit is the life of the rental: it is destroyed afterwards.'],
  async run({ api, args: [provider, offerId], flags, output }) {
    const options = {
      body: { ...rentalConfigOf(flags), pool: flags.pool, max_price: flags['max-price'] },
      headers: timeLimitHeader(flags.timelimit),
      headTimeoutMs: HEAD_TIMEOUT_MS,
    };
    const path = route`/api/v1/gpu/instances/${provider}/${offerId}`;
    const answer = await spend<CreatedRental>(api, path, options, flags['idempotency-key']);
    await output.answer(answer, (rental) => {
      output.fields([
        ['rental', rental.rental_id],
        ['instance', rental.instance_id],
        ['contract', rental.contract_id],
        ['provider', rental.provider],
        ['state', output.state(rental.state)],
        ['price', price(rental.price_per_hour)],
      ]);
      output.note(`Follow it with: rental ${rental.rental_id}`);
    });
  },
});
