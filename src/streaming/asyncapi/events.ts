import type { Channel } from '../channels.js';
import { integer, object, text, time, type Schema, type Schemas } from './schema.js';

const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

/** What the snapshot of each channel holds: its GET's answer. */
const SNAPSHOT_OF: Readonly<Record<Channel, string>> = {
  rentals: 'RentalListView',
  reservations: 'ReservationListView',
  load: 'LoadsView',
  credits: 'CreditsView',
  payments: 'TransactionListView',
  market: 'OfferListView',
};

/** Events that show an object as its GET does. */
const OBJECT_EVENTS: readonly [Channel, string, string][] = [
  ['rentals', 'rental.updated', 'RentalView'],
  ['reservations', 'reservation.updated', 'ReservationView'],
  ['load', 'load.updated', 'LoadsView'],
  ['credits', 'credits.updated', 'CreditsView'],
  ['payments', 'payment.updated', 'TransactionView'],
];

const OWN_EVENTS: readonly [Channel, string, Schema][] = [
  [
    'credits',
    'credits.low',
    object({
      name: { const: 'credits.low' },
      runway_seconds: integer('For how long what runs now can still be paid.'),
    }),
  ],
  [
    'credits',
    'credits.exhausted',
    object({
      name: { const: 'credits.exhausted' },
      rental_id: text('The rental that ends because it cannot be paid.'),
    }),
  ],
  [
    'market',
    'market.updated',
    object(
      {
        name: { const: 'market.updated' },
        appeared: { type: 'array', items: ref('OfferView'), description: 'New, or at another price.' },
        vanished: { type: 'array', items: { type: 'string' }, description: 'Ids of offers that are gone.' },
        partial: { type: 'array', items: ref('PartialView') },
        as_of: time,
      },
      ['name', 'appeared', 'vanished', 'as_of'],
    ),
  ],
];

/** The object's own schema with the event's name in front: one level, so that validators see all properties. */
function named(name: string, { properties, required }: Schema): Schema {
  return object({ name: { const: name }, ...(properties as object) }, ['name', ...(required as string[])]);
}

/** One payload for each event: channel and data belong together. */
export function eventPayloads(schemas: Schemas): Schema[] {
  const objects = OBJECT_EVENTS.filter(([, , view]) => view in schemas).map(
    ([channel, name, view]) => [channel, named(name, schemas[view])] as const,
  );
  const own = OWN_EVENTS.map(([channel, , data]) => [channel, data] as const);
  return [...objects, ...own].map(([channel, data]) => framed('event', channel, { ts: time, data }));
}

/** One payload for each channel. */
export function snapshotPayloads(): Schema[] {
  return Object.entries(SNAPSHOT_OF).map(([channel, view]) =>
    framed('snapshot', channel, { data: ref(view) }),
  );
}

function framed(type: string, channel: string, rest: Record<string, unknown>): Schema {
  return object({
    type: { const: type },
    channel: { const: channel },
    seq: integer('Number within the channel; events have greater ones than the snapshot before them.'),
    ...rest,
  });
}
