import { UsageError } from '../../flags.js';
import { defineCommand } from '../command.js';
import { showRental } from '../rentals.js';
import { route } from '../route.js';
import { IDEMPOTENCY_FLAG, spend } from '../spending.js';
import type { Rental } from '../wire.js';

const HEAD_TIMEOUT_MS = 120_000;

export const extend = defineCommand({
  name: 'extend',
  summary: 'let a rental live some hours longer',
  arguments: [{ name: 'ID' }, { name: 'HOURS' }],
  needs: 'key',
  flags: IDEMPOTENCY_FLAG,
  async run({ api, args: [id, hours], flags, output }) {
    const options = { body: { hours: readHours(hours) }, headTimeoutMs: HEAD_TIMEOUT_MS };
    const path = route`/api/v1/gpu/rentals/${id}/extend`;
    const answer = await spend<Rental>(api, path, options, flags['idempotency-key']);
    await output.answer(answer, (rental) => showRental(output, rental));
  },
});

function readHours(text: string): number {
  const hours = Number(text);
  if (Number.isInteger(hours) && hours >= 1) return hours;
  throw new UsageError(`HOURS is a whole number from 1 on, not "${text}"`);
}
