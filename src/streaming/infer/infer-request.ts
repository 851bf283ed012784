import { InstanceDirectory } from '../../gpu/pools/instance.directory.js';
import { FrameError, type ClientFrame } from '../frames.js';

export type InferFrame = Extract<ClientFrame, { type: 'infer' }>;

/** An inference as the data plane's door understands it. */
export interface InferRequest {
  path: string;
  /** Beside the credential. */
  headers: Readonly<Record<string, string>>;
  body: string;
  /** The usage was asked for by us, for the books: its event is not shown. */
  hidesUsage: boolean;
}

const JSON_HEADERS = { 'content-type': 'application/json', accept: 'text/event-stream' };

/**
 * The HTTP request that a frame stands for: it takes the same way through limits, balancing and metering as any other.
 * @throws FrameError
 */
export function toInferRequest(frame: InferFrame, instances: InstanceDirectory): InferRequest {
  const { pool, instanceId } = frame;
  if (instanceId !== undefined) return onInstance(frame, instanceId, instances);
  switch (frame.protocol) {
    case 'openai':
      return named(frame, frame.path ?? openAiPath(frame.body), pool, streamed(frame.body));
    case 'openinference':
      return named(frame, frame.path ?? generatePath(frame), pool, frame.body);
    case 'http':
      return onPool(frame, pool);
  }
}

const openAiPath = (body: Record<string, unknown>): string =>
  'messages' in body ? '/v1/chat/completions' : '/v1/completions';

function generatePath({ id, model, body }: InferFrame): string {
  const name = model ?? body.model;
  if (typeof name !== 'string') throw new FrameError('invalid_field', 'openinference needs a model.', id);
  return `/v2/models/${encodeURIComponent(name)}/generate_stream`;
}

/** Always streamed, and with the usage at the end. */
function streamed(body: Record<string, unknown>): Record<string, unknown> {
  const options = body.stream_options as object | null | undefined;
  return { ...body, stream: true, stream_options: { ...options, include_usage: true } };
}

function asksForUsage({ stream_options: options }: Record<string, unknown>): boolean {
  return (options as { include_usage?: unknown } | null | undefined)?.include_usage === true;
}

const hidesUsage = ({ protocol, body }: InferFrame): boolean => protocol === 'openai' && !asksForUsage(body);

/** The model finds the pool, unless one is named. */
function named(
  frame: InferFrame,
  path: string,
  pool: string | undefined,
  body: Record<string, unknown>,
): InferRequest {
  const { model } = frame;
  const headers = pool === undefined ? JSON_HEADERS : { ...JSON_HEADERS, 'x-pool': pool };
  const withModel = model === undefined || path.startsWith('/v2/') ? body : { ...body, model };
  return { path, headers, body: JSON.stringify(withModel), hidesUsage: hidesUsage(frame) };
}

function onPool({ id, path = '/', body }: InferFrame, pool: string | undefined): InferRequest {
  if (pool === undefined) throw new FrameError('invalid_field', 'http needs a pool or an instance_id.', id);
  const url = `/api/v1/gpu/pools/${encodeURIComponent(pool)}/proxy${path}`;
  return { path: url, headers: JSON_HEADERS, body: JSON.stringify(body), hidesUsage: false };
}

function onInstance(frame: InferFrame, instanceId: string, instances: InstanceDirectory): InferRequest {
  const rentalId = instances.find(instanceId)?.rentalId ?? instanceId;
  const path = frame.path ?? (frame.protocol === 'openai' ? openAiPath(frame.body) : '/');
  const body = frame.protocol === 'openai' ? streamed(frame.body) : frame.body;
  const withModel = frame.model === undefined ? body : { ...body, model: frame.model };
  const url = `/api/v1/gpu/rentals/${encodeURIComponent(rentalId)}/proxy${path}`;
  return {
    path: url,
    headers: JSON_HEADERS,
    body: JSON.stringify(withModel),
    hidesUsage: hidesUsage(frame),
  };
}
