import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { CliError, EXIT } from './errors.js';

const CONNECT_TIMEOUT_MS = 10_000;

export interface Outgoing {
  method: string;
  headers: Readonly<Record<string, string>>;
  body?: string;
  /** From the connection to the head of the answer. */
  headTimeoutMs: number;
  /** The longest silence inside a body. */
  idleTimeoutMs: number;
  signal?: AbortSignal;
}

/**
 * Sends one request on a connection of its own and resolves with the head of whatever was answered; redirects
 * are not followed, for they would carry the key to another address.
 * @throws CliError (unreachable) when there is no answer; the signal's reason when it fired
 */
export function send(url: URL, outgoing: Outgoing): Promise<IncomingMessage> {
  const { method, headers, body, signal, headTimeoutMs, idleTimeoutMs } = outgoing;
  const isTls = url.protocol === 'https:';
  const options: RequestOptions = { method, headers, signal, agent: false };
  return new Promise((resolve, reject) => {
    const request = (isTls ? requestHttps : requestHttp)(url, options);
    const expire = (why: string) => () => request.destroy(new Error(why));
    let timer = setTimeout(expire('timed out while connecting'), CONNECT_TIMEOUT_MS);
    let isConnected = false;
    request.once('socket', (socket) =>
      socket.once(isTls ? 'secureConnect' : 'connect', () => {
        isConnected = true;
        clearTimeout(timer);
        timer = setTimeout(expire(`no answer within ${headTimeoutMs / 1000} s`), headTimeoutMs);
      }),
    );
    request.once('close', () => clearTimeout(timer));
    request.once('response', (response) => {
      clearTimeout(timer);
      request.setTimeout(idleTimeoutMs, expire(`silent for ${idleTimeoutMs / 1000} s`));
      resolve(response);
    });
    request.on('error', (error) =>
      reject(signal?.aborted ? signal.reason : failure(url, error, isConnected)),
    );
    request.end(body);
  });
}

/** The pieces of a body; a connection that breaks off ends in an error, never in a short body. */
export async function* readPieces(
  url: URL,
  response: IncomingMessage,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  try {
    for await (const piece of response) yield piece as Buffer;
  } catch (error) {
    throw signal?.aborted ? signal.reason : failure(url, error as Error, true);
  }
}

const EXPLANATIONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused; is the daemon running?',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name could not be looked up',
  ECONNRESET: 'the connection broke off',
  EHOSTUNREACH: 'no way to the host',
  ENETUNREACH: 'no way to the network',
  ETIMEDOUT: 'timed out while connecting',
};

/** Without a connection nothing can have happened on the server; with one, nobody knows. */
function failure(url: URL, error: NodeJS.ErrnoException, isConnected: boolean): CliError {
  const why = EXPLANATIONS[error.code ?? ''] ?? error.message;
  const problem = isConnected
    ? { code: 'connection_lost', detail: `lost ${url.origin}: ${why}` }
    : { code: 'unreachable', detail: `cannot reach ${url.origin}: ${why}` };
  return new CliError(EXIT.unreachable, problem, error);
}
