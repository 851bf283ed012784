import { CHANNELS } from '../channels.js';
import { INFER_PROTOCOLS } from '../frames.js';
import { message, text, type Schema } from './schema.js';

const repeated: Schema = { type: ['string', 'number'], description: 'Repeated in the answer.' };
const channels: Schema = { type: 'array', items: { type: 'string', enum: [...CHANNELS] } };
const since: Schema = {
  type: 'object',
  propertyNames: { enum: [...CHANNELS] },
  additionalProperties: { type: 'integer', minimum: 0 },
  description: 'Channel -> last seq seen: what came after it is told again.',
};

/** What a client may say. */
export const CLIENT_MESSAGES = {
  auth: message(
    'auth',
    'The credential, when the handshake carried none: due within 5 seconds. Later: a fresh one of the same user.',
    { token: text('API key or access token'), id: repeated },
    ['token'],
  ),
  subscribe: message('subscribe', 'Without channels: all that the caller may see.', {
    channels,
    since,
    id: repeated,
  }),
  unsubscribe: message('unsubscribe', 'Ends channels; without channels: all.', { channels, id: repeated }),
  infer: message(
    'infer',
    'An inference, always streamed; several may run at once.',
    {
      id: { type: ['string', 'number'], description: 'Names the frames of the answer.' },
      pool: text('Pool to send it to.'),
      instance_id: text('Or one instance.'),
      model: text('Or whatever serves this model.'),
      protocol: { type: 'string', enum: [...INFER_PROTOCOLS], default: 'openai' },
      path: text('Default: /v1/chat/completions with `messages`, else /v1/completions.'),
      body: { type: 'object', description: "The protocol's request." },
    },
    ['id', 'body'],
  ),
  cancel: message(
    'cancel',
    'Ends an inference; what was delivered is charged.',
    { id: { type: ['string', 'number'] } },
    ['id'],
  ),
  ping: message('ping', 'Answered by pong.', { id: repeated }),
};
