import { createParser } from 'eventsource-parser';
import { upstreamTooLarge } from '../../proxy.errors.js';
import { notMcp } from './mcp-protocol.errors.js';

export interface StreamProgress {
  /** Where to go on from when the connection is closed: the last id that was seen, also of an event without data. */
  lastEventId: string | undefined;
  /** How long the server wants to be left alone before it is asked again. */
  retryMs: number | undefined;
}

const MOST_BYTES = 67_108_864;

/**
 * The data of the events that carry some, as they come. `progress` is kept up to date while they are read.
 * @throws DomainError 502 for an event without end, and what befalls the connection
 */
export async function* readEvents(
  body: AsyncIterable<Buffer>,
  progress: StreamProgress,
): AsyncGenerator<string> {
  const events: string[] = [];
  let error: Error | undefined;
  const parser = createParser({
    maxBufferSize: MOST_BYTES,
    onEvent: ({ id, data }) => {
      if (id !== undefined) progress.lastEventId = id;
      if (data !== '') events.push(data);
    },
    onRetry: (retryMs) => (progress.retryMs = retryMs),
    onError: ({ type }) => {
      if (type === 'max-buffer-size-exceeded') error = upstreamTooLarge(MOST_BYTES);
    },
  });
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const chunk of body) {
    parser.feed(decode(decoder, chunk));
    yield* events.splice(0);
    if (error) throw error;
  }
}

function decode(decoder: InstanceType<typeof TextDecoder>, chunk: Buffer): string {
  try {
    return decoder.decode(chunk, { stream: true });
  } catch (error) {
    throw notMcp(error);
  }
}
