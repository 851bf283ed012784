import { productVersion } from '../common/product-version.js';
import { CHANNELS } from './channels.js';
import { INFER_PROTOCOLS } from './frames.js';

type Schema = Record<string, unknown>;

const text = (description: string): Schema => ({ type: 'string', description });
const integer = (description: string): Schema => ({ type: 'integer', description });
const channel: Schema = { type: 'string', enum: [...CHANNELS] };
const channels: Schema = { type: 'array', items: channel };
const id = text("Repeats the client's id.");

function message(type: string, summary: string, properties: Schema = {}, required: string[] = []): Schema {
  const payload = {
    type: 'object',
    properties: { type: { const: type }, ...properties },
    required: ['type', ...required],
  };
  return { name: type, title: type, summary, payload };
}

/** What a client may say. */
const CLIENT_MESSAGES = {
  auth: message(
    'auth',
    'The credential, when the handshake carried none; due within 5 seconds.',
    {
      token: text('API key or access token'),
    },
    ['token'],
  ),
  subscribe: message(
    'subscribe',
    'Without channels: all that the caller may see. `since` replays what was missed.',
    {
      channels,
      since: {
        type: 'object',
        additionalProperties: { type: 'integer' },
        description: 'channel -> last seq seen',
      },
      id: text('Repeated in the answer.'),
    },
  ),
  unsubscribe: message('unsubscribe', 'Ends channels.', { channels, id: text('Repeated in the answer.') }),
  infer: message(
    'infer',
    'An inference, always streamed; several may run at once.',
    {
      id: text('Names its frames.'),
      pool: text('Pool to send it to.'),
      instance_id: text('Or one instance.'),
      model: text('Or whatever serves this model.'),
      protocol: { type: 'string', enum: [...INFER_PROTOCOLS], default: 'openai' },
      path: text('Default /v1/chat/completions with `messages`, else /v1/completions.'),
      body: { type: 'object', description: "The protocol's request." },
    },
    ['id', 'body'],
  ),
  cancel: message('cancel', 'Ends an inference; it is charged for what was delivered.', { id }, ['id']),
  ping: message('ping', 'Answered by pong.', { id: text('Repeated in the answer.') }),
};

const EVENT_NAMES = [
  'rental.updated',
  'reservation.updated',
  'load.updated',
  'credits.updated',
  'credits.low',
  'credits.exhausted',
  'payment.updated',
  'market.updated',
];

/** What the server says. */
const SERVER_MESSAGES = {
  authenticated: message('authenticated', 'The credential is good.'),
  subscribed: message('subscribed', 'What is subscribed now.', { id, channels }),
  unsubscribed: message('unsubscribed', 'What has ended.', { id, channels }),
  snapshot: message(
    'snapshot',
    'The present state, as the GET of the channel shows it.',
    {
      channel,
      seq: integer('Events that follow have greater numbers.'),
      data: { type: 'object' },
    },
    ['channel', 'seq', 'data'],
  ),
  event: message(
    'event',
    'Something changed; numbers are gapless in rentals, reservations, credits and payments.',
    {
      channel,
      seq: integer('Number within the channel.'),
      ts: { type: 'string', format: 'date-time' },
      data: {
        type: 'object',
        description: '{name, …the object as its GET shows it}',
        properties: { name: { type: 'string', enum: EVENT_NAMES } },
      },
    },
    ['channel', 'seq', 'ts', 'data'],
  ),
  gap: message(
    'gap',
    'Events from `from` to `to` cannot be had any more.',
    {
      channel,
      from: integer('First missing.'),
      to: integer('Last missing.'),
    },
    ['channel', 'from', 'to'],
  ),
  chunk: message(
    'chunk',
    "A piece of an inference's answer.",
    {
      id,
      seq: integer('From 1.'),
      data: { description: "Parsed JSON of the protocol's event; text for http." },
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
      instance_id: { type: ['string', 'null'] },
    },
    ['id', 'usage', 'cost'],
  ),
  failed: message(
    'failed',
    'An inference has failed, or was canceled.',
    { id, code: text('Stable code.'), message: text('For people.') },
    ['id', 'code', 'message'],
  ),
  pong: message('pong', 'Answer to ping.', { id }),
  error: message(
    'error',
    'A frame that cannot be obeyed; the connection goes on.',
    {
      id,
      code: text(
        'malformed_frame, unknown_type, unknown_channel, invalid_field, duplicate_id, unauthenticated, unavailable',
      ),
      message: text('For people.'),
    },
    ['code', 'message'],
  ),
};

/** The catalogue of everything that is said on /ws and /socket.io, as an AsyncAPI 3 document. */
export function buildAsyncApi(): Schema {
  const all = { ...CLIENT_MESSAGES, ...SERVER_MESSAGES };
  const refs = (names: object): Schema[] =>
    Object.keys(names).map((name) => ({ $ref: `#/channels/stream/messages/${name}` }));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'GPU Proxy streaming',
      version: productVersion(),
      description:
        'JSON frames on the plain WebSocket at /ws. socket.io at /socket.io carries the same: `type` is the name of ' +
        'the event, the rest its payload. Close codes: 1001 server going away, 1009 message too big, 1013 reader stuck, ' +
        '4401 credential bad or revoked, 4403 not allowed, 4408 no credential in time, 4429 too many frames.',
    },
    channels: {
      stream: { address: '/ws', messages: all },
    },
    operations: {
      say: { action: 'receive', channel: { $ref: '#/channels/stream' }, messages: refs(CLIENT_MESSAGES) },
      hear: { action: 'send', channel: { $ref: '#/channels/stream' }, messages: refs(SERVER_MESSAGES) },
    },
  };
}
