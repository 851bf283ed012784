import { CHANNELS } from '../channels.js';
import { FRAME_ERRORS } from '../frames.js';
import { eventPayloads, snapshotPayloads } from './events.js';
import { integer, message, text, type Schema, type Schemas } from './schema.js';

const id = text("Repeats the client's id.");
const channel: Schema = { type: 'string', enum: [...CHANNELS] };
const channels: Schema = { type: 'array', items: channel };

const oneOf = (name: string, summary: string, payloads: Schema[]): Schema => ({
  name,
  title: name,
  summary,
  payload: { oneOf: payloads },
});

const CONVERSATION = {
  authenticated: message('authenticated', 'The credential is good.'),
  subscribed: message(
    'subscribed',
    'What is subscribed now; a snapshot or what was missed follows.',
    { id, channels },
    ['channels'],
  ),
  unsubscribed: message('unsubscribed', 'What has ended.', { id, channels }, ['channels']),
  gap: message(
    'gap',
    'Events from `from` to `to` cannot be had any more; a snapshot follows.',
    { channel, from: integer('First missing.'), to: integer('Last missing.') },
    ['channel', 'from', 'to'],
  ),
  pong: message('pong', 'Answer to ping.', { id }),
  error: message(
    'error',
    'A frame that cannot be obeyed; the connection goes on.',
    { id, code: { type: 'string', enum: [...FRAME_ERRORS] }, message: text('For people.') },
    ['code', 'message'],
  ),
  closing: message(
    'closing',
    'socket.io only, before the end: what the close frame of a plain WebSocket says.',
    { code: integer('Close code.'), reason: text('For people.') },
    ['code', 'reason'],
  ),
};

const INFERENCE = {
  chunk: message(
    'chunk',
    "A piece of an inference's answer.",
    {
      id,
      seq: integer('From 1.'),
      data: { description: "The protocol's event as JSON; text for `http`." },
    },
    ['id', 'seq', 'data'],
  ),
  completed: message(
    'completed',
    'An inference has ended well.',
    {
      id,
      usage: { type: ['object', 'null'], description: 'As the engine counted.' },
      cost: { type: 'number', description: 'Credits.' },
      instance_id: { type: ['string', 'null'], description: 'The instance that served it.' },
    },
    ['id', 'usage', 'cost', 'instance_id'],
  ),
  failed: message(
    'failed',
    'An inference has failed, or was canceled.',
    {
      id,
      code: text('Stable code, as in the answers over HTTP; or `canceled`.'),
      message: text('For people.'),
    },
    ['id', 'code', 'message'],
  ),
};

/** What the server says. */
export function serverMessages(schemas: Schemas): Record<string, Schema> {
  return {
    ...CONVERSATION,
    snapshot: oneOf('snapshot', 'The present state, as the GET of the channel shows it.', snapshotPayloads()),
    event: oneOf(
      'event',
      'Something changed. Numbers have no gaps in rentals, reservations, credits and payments; those of load and market rise.',
      eventPayloads(schemas),
    ),
    ...INFERENCE,
  };
}
