import type { IncomingMessage, ServerResponse } from 'node:http';

/** Called by node when somebody wants bytes of the body. */
const READ = '_read';

/** Clients that wait for our word before they send their body. */
const waiting = new WeakSet<IncomingMessage>();

/**
 * `Expect: 100-continue` is answered when somebody begins to read the body, and not before: a request that is refused
 * (credentials, limits, size, nobody to send it to) gets its final answer without the client having sent a byte of it.
 * node closes the connection after such an answer, because nobody can know whether the body is still coming.
 */
export function continueWhenRead(request: IncomingMessage, response: ServerResponse): void {
  const read = request[READ];
  waiting.add(request);
  request[READ] = (size) => {
    request[READ] = read;
    waiting.delete(request);
    if (!response.headersSent) response.writeContinue();
    read.call(request, size);
  };
}

/** The client has not been told to go on, so there is no body to read. */
export function awaitsContinue(request: IncomingMessage): boolean {
  return waiting.has(request);
}
