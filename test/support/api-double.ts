import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface ReceivedRequest {
  method: string;
  /** With its query string. */
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export type Responder = (request: ReceivedRequest, response: ServerResponse) => void | Promise<void>;

/** A real HTTP server on loopback that answers what a test tells it and remembers what it was asked. */
export interface ApiDouble {
  url: string;
  received: ReceivedRequest[];
  /** `GET /api/v1/credits` without query; the last answer given for a route counts. */
  answer(route: string, responder: Responder): void;
  close(): Promise<void>;
}

/** Answers with a JSON document. */
export function json(document: unknown, status = 200, headers: Record<string, string> = {}): Responder {
  return (_, response) => {
    response.writeHead(status, {
      'content-type': status < 400 ? 'application/json' : 'application/problem+json',
      'x-request-id': 'request-1',
      ...headers,
    });
    response.end(typeof document === 'string' ? document : JSON.stringify(document));
  };
}

const NOT_FOUND = json(
  { type: 'about:blank', title: 'Not Found', status: 404, code: 'not_found', detail: 'No such thing.' },
  404,
);

export async function startApiDouble(): Promise<ApiDouble> {
  const responders = new Map<string, Responder>();
  const received: ReceivedRequest[] = [];
  const server = createServer((incoming, response) => void serve(incoming, response));
  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = incoming;
    const request = { method, url, headers, body: await text(incoming) };
    received.push(request);
    await (responders.get(`${method} ${url.split('?')[0]}`) ?? NOT_FOUND)(request, response);
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    answer: (route, responder) => void responders.set(route, responder),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
