import { productVersion } from '../../common/product-version.js';
import { CLIENT_MESSAGES } from './client-messages.js';
import { referredBy, type Schema, type Schemas } from './schema.js';
import { serverMessages } from './server-messages.js';

const DESCRIPTION = [
  'JSON frames on the plain WebSocket at /ws. socket.io at /socket.io carries the same: `type` is the name of the event,',
  'the rest its payload; with several processes behind a balancer it needs sticky sessions or',
  "`transports: ['websocket']`.",
  'The credential comes in X-API-Key or Authorization, as the sub-protocol `bearer.<token>` beside `gpuproxy.v1` (browsers),',
  "in socket.io's `auth: { token }`, or in the first frame.",
  'Close codes: 1001 the server is going away, 1009 message too big, 1013 the reader is stuck, 4401 credential bad or',
  'revoked, 4403 not allowed, 4408 no credential in time, 4429 too many frames.',
].join(' ');

/**
 * The catalogue of everything that is said on /ws and /socket.io, as an AsyncAPI 3 document.
 * @param schemas of the objects that events show, from the OpenAPI document
 */
export function buildAsyncApi(schemas: Schemas): Schema {
  const fromServer = serverMessages(schemas);
  const messages = { ...CLIENT_MESSAGES, ...fromServer };
  return {
    asyncapi: '3.0.0',
    info: { title: 'GPU Proxy streaming', version: productVersion(), description: DESCRIPTION },
    defaultContentType: 'application/json',
    channels: { stream: { address: '/ws', messages } },
    operations: {
      say: operation('receive', CLIENT_MESSAGES),
      hear: operation('send', fromServer),
    },
    components: { schemas: referredBy(messages, schemas) },
  };
}

/** @param action what the server does */
const operation = (action: 'send' | 'receive', messages: object): Schema => ({
  action,
  channel: { $ref: '#/channels/stream' },
  messages: Object.keys(messages).map((name) => ({ $ref: `#/channels/stream/messages/${name}` })),
});
