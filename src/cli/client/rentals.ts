import { printable } from '../printable.js';
import { gigabytes, gpus, money, price, relative } from './format.js';
import type { Output } from './output.js';
import type { Rental } from './wire.js';

/** One rental in full. */
export function showRental(output: Output, rental: Rental): void {
  const when = (instant: string | null): string | null => instant && relative(instant, output.nowMs);
  const reason = rental.reason ? ` (${printable(rental.reason)})` : '';
  output.fields([
    ['rental', rental.id],
    ['instance', rental.instance_id],
    ['contract', rental.contract_id],
    ['provider', rental.provider],
    ['reservation', rental.reservation_id],
    ['state', `${output.state(rental.state)}${reason}, ${relative(rental.since, output.nowMs)}`],
    ['serving', rental.serving ? 'yes' : 'no'],
    ['gpu', `${gpus(rental.gpu_count, rental.gpu_model)}, ${gigabytes(rental.vram_gb)} each`],
    ['price', price(rental.price_per_hour)],
    ['cost', money(rental.cost)],
    ['pools', rental.pools.join(', ')],
    ['created', when(rental.created_at)],
    ['running', when(rental.running_at)],
    ['expires', when(rental.expires_at)],
    ['url', rental.url && printable(rental.url)],
  ]);
}
