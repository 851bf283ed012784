import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { RawServerDefault } from 'fastify';
import { continueWhenRead } from './proxy/expectation.js';

/** Longer than the idle time of usual load balancers (60 s), so that they close connections first. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;
const HEADERS_TIMEOUT_MS = 60_000;
/** A request body has to arrive within this time; answers may take as long as they like. */
const REQUEST_TIMEOUT_MS = 600_000;
const MAX_HEADER_BYTES = 32 * 1024;

type RequestListener = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * The server under Fastify. A server made by a factory gets none of Fastify's time-outs, so they are set here; and
 * `takesFirst` sees every request before the framework does, which costs a data-plane request half of its time.
 */
export function createHttpServer(takesFirst: (...exchange: Parameters<RequestListener>) => boolean) {
  return (handler: RequestListener): RawServerDefault => {
    const listener: RequestListener = (request, response) => {
      if (!takesFirst(request, response)) handler(request, response);
    };
    const server: Server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, listener);
    server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      continueWhenRead(request, response);
      listener(request, response);
    });
    // By default node drops what is beyond a thousand headers and says nothing.
    server.maxHeadersCount = 0;
    server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
    server.headersTimeout = HEADERS_TIMEOUT_MS;
    server.requestTimeout = REQUEST_TIMEOUT_MS;
    return server;
  };
}
