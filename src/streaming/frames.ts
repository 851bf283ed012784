import { isChannel, CHANNELS, type Channel } from './channels.js';

/** What a client may say. */
export type ClientFrame =
  | { type: 'auth'; token: string }
  | {
      type: 'subscribe';
      id?: string;
      channels: readonly Channel[];
      /** No channels were named. */
      isBare: boolean;
      since: Partial<Record<Channel, number>>;
    }
  | { type: 'unsubscribe'; id?: string; channels: readonly Channel[] }
  | {
      type: 'infer';
      /** Names the answer's frames; unique among those under way on the connection. */
      id: string;
      pool?: string;
      instanceId?: string;
      model?: string;
      protocol: InferProtocol;
      path?: string;
      body: Record<string, unknown>;
    }
  | { type: 'cancel'; id: string }
  | { type: 'ping'; id?: string };

export const CLIENT_FRAME_TYPES = ['auth', 'subscribe', 'unsubscribe', 'infer', 'cancel', 'ping'] as const;

export const INFER_PROTOCOLS = ['openai', 'openinference', 'http'] as const;
export type InferProtocol = (typeof INFER_PROTOCOLS)[number];

/** What the server says. `id` repeats the client's. */
export type ServerFrame =
  | { type: 'authenticated' }
  | { type: 'subscribed' | 'unsubscribed'; id?: string; channels: readonly Channel[] }
  | { type: 'snapshot'; channel: Channel; seq: number; data: unknown }
  | { type: 'event'; channel: Channel; seq: number; ts: string; data: unknown }
  /** Events `from` to `to` cannot be had any more; a snapshot follows. */
  | { type: 'gap'; channel: Channel; from: number; to: number }
  | { type: 'chunk'; id: string; seq: number; data: unknown }
  | { type: 'completed'; id: string; usage: object | null; cost: number; instance_id: string | null }
  | { type: 'failed'; id: string; code: string; message: string }
  | { type: 'pong'; id?: string }
  | { type: 'error'; id?: string; code: FrameErrorCode; message: string };

/** Codes of error frames; what `failed` frames say are codes of the API. */
export const FRAME_ERRORS = [
  'malformed_frame',
  'unknown_type',
  'unknown_channel',
  'duplicate_id',
  'invalid_field',
  'unauthenticated',
  'forbidden',
  'unavailable',
] as const;
export type FrameErrorCode = (typeof FRAME_ERRORS)[number];

/** A frame that cannot be obeyed; the connection goes on. */
export class FrameError extends Error {
  constructor(
    readonly code: FrameErrorCode,
    message: string,
    readonly frameId?: string,
  ) {
    super(message);
  }
}

/** @throws FrameError */
export function parseFrame(text: string): ClientFrame {
  return readFrame(parseObject(text));
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new FrameError('malformed_frame', 'A frame is one JSON object.');
}

/** @throws FrameError */
export function readFrame(frame: Record<string, unknown>): ClientFrame {
  const id = readId(frame.id);
  switch (frame.type) {
    case 'auth':
      return { type: 'auth', token: readToken(frame.token, id) };
    case 'subscribe':
      return {
        type: 'subscribe',
        id,
        channels: readChannels(frame.channels, id),
        isBare: frame.channels === undefined,
        since: readSince(frame.since, id),
      };
    case 'unsubscribe':
      return { type: 'unsubscribe', id, channels: readChannels(frame.channels, id) };
    case 'infer':
      return readInfer(frame, requireId(id));
    case 'cancel':
      return { type: 'cancel', id: requireId(id) };
    case 'ping':
      return { type: 'ping', id };
    default:
      throw new FrameError('unknown_type', `Known types: ${CLIENT_FRAME_TYPES.join(', ')}.`, id);
  }
}

function readId(id: unknown): string | undefined {
  if (id === undefined) return undefined;
  if ((typeof id === 'string' || typeof id === 'number') && String(id).length <= 128) return String(id);
  throw new FrameError('invalid_field', 'id is a text of at most 128 characters.');
}

function requireId(id: string | undefined): string {
  if (id === undefined) throw new FrameError('invalid_field', 'id is needed, to tell the answers apart.');
  return id;
}

function readInfer(frame: Record<string, unknown>, id: string): ClientFrame {
  const { protocol = 'openai', body } = frame;
  if (!(INFER_PROTOCOLS as readonly unknown[]).includes(protocol)) {
    throw new FrameError('invalid_field', `protocol is one of ${INFER_PROTOCOLS.join(', ')}.`, id);
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new FrameError('invalid_field', 'body is an object.', id);
  }
  return {
    type: 'infer',
    id,
    protocol: protocol as InferProtocol,
    body: body as Record<string, unknown>,
    pool: readText(frame, 'pool', id),
    instanceId: readText(frame, 'instance_id', id),
    model: readText(frame, 'model', id),
    path: readPath(frame, id),
  };
}

function readText(frame: Record<string, unknown>, name: string, id: string): string | undefined {
  const value = frame[name];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value !== '' && value.length <= 256) return value;
  throw new FrameError('invalid_field', `${name} is a text.`, id);
}

function readPath(frame: Record<string, unknown>, id: string): string | undefined {
  const path = readText(frame, 'path', id);
  if (path === undefined || /^\/[\x21-\x7e]*$/.test(path)) return path;
  throw new FrameError('invalid_field', 'path begins with / and holds no spaces.', id);
}

function readToken(token: unknown, id?: string): string {
  if (typeof token === 'string' && token !== '' && token.length <= 8192) return token;
  throw new FrameError('invalid_field', 'token is an API key or an access token.', id);
}

/** None named means all. */
function readChannels(channels: unknown, id?: string): readonly Channel[] {
  if (channels === undefined) return CHANNELS;
  if (!Array.isArray(channels)) throw new FrameError('invalid_field', 'channels is a list of names.', id);
  const unknown: unknown = channels.find((name) => !isChannel(name));
  if (unknown !== undefined) {
    throw new FrameError('unknown_channel', `Known channels: ${CHANNELS.join(', ')}.`, id);
  }
  return [...new Set(channels as Channel[])];
}

function readSince(since: unknown, id?: string): Partial<Record<Channel, number>> {
  if (since === undefined) return {};
  const isObject = typeof since === 'object' && since !== null && !Array.isArray(since);
  const entries = isObject ? Object.entries(since) : [['', -1] as const];
  const isGood = entries.every(
    ([name, seq]) => isChannel(name) && Number.isSafeInteger(seq) && Number(seq) >= 0,
  );
  if (!isGood)
    throw new FrameError('invalid_field', 'since maps channels to the last seq that was seen.', id);
  return Object.fromEntries(entries) as Partial<Record<Channel, number>>;
}
