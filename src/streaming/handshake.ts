import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { ClientAddress } from '../auth/client-address.js';
import { bearerOf, refuseKeyInQuery } from '../auth/verification/credential.js';
import type { Caller } from '../common/caller.js';
import { DomainError } from '../common/domain-error.js';
import { Lifecycle } from '../common/lifecycle.js';
import { toProblem } from '../common/problem.js';
import { requestIdOf } from '../proxy/visit.js';
import { StreamAccess } from './stream-access.js';

export interface VerifiedCredential {
  caller: Caller;
  token: string;
}

const BEARER_SUBPROTOCOL = /(?:^|,)\s*bearer\.([^\s,]+)/;
const TOKEN_IN_QUERY = /[?&](?:token|access_token|api_key|key)=/i;

/** Decides before the upgrade whether a connection may be opened, and for whom. */
@Injectable()
export class Handshake {
  constructor(
    private readonly access: StreamAccess,
    private readonly lifecycle: Lifecycle,
    private readonly clientAddress: ClientAddress,
  ) {}

  addressOf(request: IncomingMessage): string {
    return this.clientAddress.of(request);
  }

  /**
   * The caller when the request carries a credential, undefined when it carries none.
   * @throws DomainError 400 for a credential in the URL, 401 for a bad one, 403 for a foreign origin, 503 while draining
   */
  async admit(request: IncomingMessage): Promise<VerifiedCredential | undefined> {
    const { url = '', headers } = request;
    if (this.lifecycle.isDraining) throw new DomainError('shutting_down', 503, 'This server is going away.');
    refuseKeyInQuery(url);
    if (TOKEN_IN_QUERY.test(url)) throw tokenInQuery();
    if (!this.access.isOriginAllowed(headers.origin)) throw originNotAllowed();
    const token = tokenOf(request);
    return token === undefined
      ? undefined
      : { token, caller: await this.access.verify(token, this.addressOf(request)) };
  }
}

function tokenOf({ headers }: IncomingMessage): string | undefined {
  const apiKey = headers['x-api-key'];
  if (apiKey !== undefined) return String(apiKey);
  return bearerOf(headers) ?? BEARER_SUBPROTOCOL.exec(headers['sec-websocket-protocol'] ?? '')?.[1];
}

/** Answers an upgrade that is refused, in plain HTTP. */
export function refuseUpgrade(socket: Duplex, error: unknown): void {
  const { status, headers, body } = toProblem(error, requestIdOf({ headers: {} } as IncomingMessage));
  const text = JSON.stringify(body);
  const lines = Object.entries({
    ...headers,
    'content-length': String(Buffer.byteLength(text)),
    connection: 'close',
  });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.end(`HTTP/1.1 ${status} ${body.title}\r\n${head}\r\n${text}`);
}

const tokenInQuery = (): DomainError =>
  new DomainError('key_in_query', 400, 'Send the credential in a header, a sub-protocol or the first frame.');

const originNotAllowed = (): DomainError =>
  new DomainError('origin_not_allowed', 403, 'Pages of this origin may not connect.');
