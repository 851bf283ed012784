import { UsageError } from '../../flags.js';
import { defineCommand } from '../command.js';
import { FILTER_FLAGS, filtersOf } from '../filters.js';
import { RENTAL_FLAGS, rentalConfigOf } from '../rental-config.js';
import { showReservation } from '../reservations.js';
import { IDEMPOTENCY_FLAG, spend } from '../spending.js';
import { TIME_LIMIT_FLAG, timeLimitHeader } from '../time-limit.js';
import type { Reservation } from '../wire.js';

const MOST_INSTANCES = 16;
/** Above the server's own deadline for a reservation, 180 s. */
const HEAD_TIMEOUT_MS = 240_000;

export const reserve = defineCommand({
  name: 'reserve',
  summary: 'rent up to 16 machines at once, balanced as one pool',
  arguments: [{ name: 'N' }],
  needs: 'key',
  flags: {
    ...FILTER_FLAGS,
    provider: { kind: 'text', value: 'PROVIDER', help: 'only this farm' },
    mode: { kind: 'text', value: 'MODE', help: 'atomic (default: all or none) or best_effort' },
    'max-total-price': { kind: 'number', value: 'DOLLARS', help: 'highest price per hour of all together' },
    pool: { kind: 'text', value: 'NAME', help: 'name of the pool' },
    ...RENTAL_FLAGS,
    ...TIME_LIMIT_FLAG,
    ...IDEMPOTENCY_FLAG,
  },
  async run({ api, args: [count], flags, output }) {
    const options = {
      body: {
        count: readCount(count),
        filters: { ...filtersOf(flags), provider: flags.provider },
        config: rentalConfigOf(flags),
        mode: flags.mode,
        pool: flags.pool,
        max_total_price: flags['max-total-price'],
      },
      headers: timeLimitHeader(flags.timelimit),
      headTimeoutMs: HEAD_TIMEOUT_MS,
    };
    const path = '/api/v1/gpu/instances/reserve';
    const answer = await spend<Reservation>(api, path, options, flags['idempotency-key']);
    await output.answer(answer, (reservation) => showReservation(output, reservation));
  },
});

function readCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= MOST_INSTANCES) return count;
  throw new UsageError(`N is a number from 1 to ${MOST_INSTANCES}, not "${text}"`);
}
