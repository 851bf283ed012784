import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { timeLimitExceeded, upstreamFirstByteTimeout, upstreamUnreachable } from './proxy.errors.js';

/** What the upstream said to the request for an upgrade. */
export type UpgradeAnswer =
  | { kind: 'accepted'; head: IncomingMessage; firstBytes: Buffer }
  | { kind: 'refused'; head: IncomingMessage };

export interface UpgradeRequest {
  path: string;
  /** Flat, with Host, Connection and Upgrade. */
  headers: string[];
  firstByteTimeoutMs: number;
  timeLimitMs: number | undefined;
}

/** Asks over a connection that is open already. Rejects with the socket's or parser's error, or with a DomainError. */
export function askForUpgrade(
  upstream: Socket,
  client: Socket,
  { path, headers, firstByteTimeoutMs, timeLimitMs }: UpgradeRequest,
): Promise<UpgradeAnswer> {
  return new Promise((resolve, reject) => {
    const asking = httpRequest({
      createConnection: () => upstream,
      path,
      headers: headers as unknown as Record<string, string>,
      setHost: false,
    });
    const stopTimer = limit(asking, firstByteTimeoutMs, timeLimitMs);
    const onClientGone = (): void => void asking.destroy(upstreamUnreachable('connection_terminated'));
    client.once('close', onClientGone);
    asking.once('close', () => client.off('close', onClientGone));
    asking.once('upgrade', (head, _, firstBytes) => resolve({ kind: 'accepted', head, firstBytes }));
    asking.once('response', (head) => resolve({ kind: 'refused', head }));
    asking.once('error', reject);
    for (const event of ['upgrade', 'response', 'error']) asking.once(event, stopTimer);
    asking.end();
  });
}

function limit(asking: ClientRequest, firstByteTimeoutMs: number, timeLimitMs = Infinity): () => void {
  const isLimited = timeLimitMs < firstByteTimeoutMs;
  const timer = setTimeout(
    () => asking.destroy(isLimited ? timeLimitExceeded() : upstreamFirstByteTimeout()),
    Math.min(firstByteTimeoutMs, timeLimitMs),
  );
  return () => clearTimeout(timer);
}
