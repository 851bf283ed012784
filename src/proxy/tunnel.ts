import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { Served } from './answer-sink.js';
import { readAnswerHead } from './response-headers.js';
import type { Visit } from './visit.js';

export interface TunnelBytes {
  bytesIn: number;
  bytesOut: number;
}

export interface TunnelStart {
  upstream: Socket;
  /** The upstream's 101. */
  head: IncomingMessage;
  /** What either side had sent behind its head. */
  firstBytes: Buffer;
  clientBytes: Buffer;
  served: Served;
  /** After so long the tunnel is cut. */
  timeLimitMs: number | undefined;
}

/** Tells the client 101 and lets bytes pass until either side is done; resolves when the client's socket is closed. */
export function openTunnel(visit: Visit, client: Socket, start: TunnelStart): Promise<TunnelBytes> {
  const { upstream } = start;
  const [readBefore, writtenBefore] = [client.bytesRead, client.bytesWritten];
  const timer = start.timeLimitMs && setTimeout(() => client.destroy(), start.timeLimitMs);
  client.write(switchingHead(visit, start), 'latin1');
  client.write(start.firstBytes);
  upstream.write(start.clientBytes);
  upstream.setTimeout(0);
  client.setTimeout(0);
  client.pipe(upstream).pipe(client);
  upstream.on('error', () => client.destroy()).on('close', () => client.destroySoon());
  return new Promise((resolve) => {
    client.once('close', () => {
      if (timer) clearTimeout(timer);
      upstream.destroy();
      const bytesIn = client.bytesRead - readBefore;
      resolve({ bytesIn, bytesOut: client.bytesWritten - writtenBefore });
    });
  });
}

function switchingHead(visit: Visit, { head, served }: TunnelStart): string {
  const passed = readAnswerHead(101, head.rawHeaders).headers;
  const headers = ['Connection', 'Upgrade', 'Upgrade', 'websocket', ...passed, ...visit.headersFor(served)];
  let text = 'HTTP/1.1 101 Switching Protocols\r\n';
  for (let index = 0; index < headers.length; index += 2)
    text += `${headers[index]}: ${headers[index + 1]}\r\n`;
  return `${text}\r\n`;
}

/** The upstream did not want to: its answer is the client's. Rejects when it breaks off. */
export async function relayRefusal(visit: Visit, answer: IncomingMessage, served: Served): Promise<void> {
  const { headers, contentLength } = readAnswerHead(answer.statusCode ?? 502, answer.rawHeaders);
  headers.push(...visit.headersFor(served));
  if (contentLength !== undefined) headers.push('content-length', contentLength);
  visit.response.writeHead(
    answer.statusCode ?? 502,
    answer.statusMessage,
    headers as unknown as OutgoingHttpHeaders,
  );
  await pipeline(answer, visit.response);
}
