import { printable } from '../printable.js';
import { gigabytes, price } from './format.js';
import type { Column } from '../table.js';
import type { Output } from './output.js';
import type { ReservationError, ReservedInstance, Reservation } from './wire.js';

const COLUMNS: readonly Column<ReservedInstance>[] = [
  { title: 'instance', cell: (instance) => instance.instance_id ?? '-' },
  { title: 'provider', cell: (instance) => instance.provider },
  { title: 'gpu', cell: (instance) => instance.gpu_model },
  { title: 'vram', align: 'right', cell: (instance) => gigabytes(instance.vram) },
  { title: 'price', align: 'right', cell: (instance) => price(instance.price) },
  { title: 'rental', cell: (instance) => instance.rental_id },
];

export async function showReservation(output: Output, reservation: Reservation): Promise<void> {
  const { reserved, count, requested, pool, state, reason, errors } = reservation;
  if (reserved.length > 0) await output.table(COLUMNS, reserved);
  const total = reserved.reduce((sum, instance) => sum + instance.price, 0);
  output.line(`${count} of ${requested} reserved in pool ${printable(pool)}, ${price(total)} together.`);
  for (const error of errors) output.line(output.paint.yellow(`not reserved: ${describe(error)}`));
  const why = reason ? ` (${printable(reason)})` : '';
  output.line(`Reservation ${reservation.reservation_id}: ${output.state(state)}${why}`);
  if (state === 'pending') output.note('Follow it with: rentals');
}

function describe({ provider, offer_id, code }: ReservationError): string {
  return printable([provider, offer_id, code].filter(Boolean).join(' '));
}
