import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface ReceivedRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

type Reply = (request: ReceivedRequest, response: ServerResponse) => void | Promise<void>;

/** An inference server whose answers a test writes itself, byte by byte if need be. */
export interface OpenAiUpstream {
  origin: string;
  received: ReceivedRequest[];
  /** Answers from now on; GET /v1/models is answered with `models` unless that is undefined. */
  reply: Reply;
  models: string[] | undefined;
  /** Resolves when a connection is closed by the other side before its answer was complete. */
  nextAbort(): Promise<void>;
  close(): Promise<void>;
}

export async function startOpenAiUpstream(reply: Reply = completion): Promise<OpenAiUpstream> {
  const aborted: (() => void)[] = [];
  const server = createServer(async (request, response) => {
    const body = await buffer(request).catch(() => undefined);
    // It broke off: there is nobody to answer.
    if (!body) return;
    response.once('close', () => {
      if (!response.writableEnded) aborted.splice(0).forEach((wake) => wake());
    });
    const { method = '', url = '', headers } = request;
    if (url === '/v1/models' && upstream.models) return json(response, 200, listOf(upstream.models));
    const received = { method, path: url, headers, body };
    upstream.received.push(received);
    await upstream.reply(received, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const upstream: OpenAiUpstream = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: [],
    reply,
    models: undefined,
    nextAbort: () => new Promise((resolve) => aborted.push(resolve)),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return upstream;
}

export function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export const USAGE = { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 };

export const piece = (text: string): object => ({
  id: 'c-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta: { content: text }, finish_reason: null }],
});

export const usageChunk = { ...piece(''), choices: [], usage: USAGE };

export const event = (data: object | string): string =>
  `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;

/** A short completion: in JSON, or as vLLM streams it. */
export function completion({ body }: ReceivedRequest, response: ServerResponse): void {
  const request = JSON.parse(body.toString() || '{}') as {
    stream?: boolean;
    stream_options?: { include_usage?: boolean };
  };
  if (!request.stream) return json(response, 200, wholeCompletion);
  const chunks = ['Hel', 'lo', '!'].map(piece);
  const usage = request.stream_options?.include_usage === true ? [usageChunk] : [];
  stream(response, [...chunks, ...usage, '[DONE]'].map(event));
}

export const wholeCompletion = {
  id: 'c-1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello!' }, finish_reason: 'stop' }],
  usage: USAGE,
};

export function stream(response: ServerResponse, parts: readonly string[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const part of parts) response.write(part);
  response.end();
}

function listOf(models: readonly string[]): object {
  return {
    object: 'list',
    data: models.map((id) => ({ id, object: 'model', created: 1_700_000_000, owned_by: 'test' })),
  };
}
