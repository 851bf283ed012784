import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Injectable } from '@nestjs/common';
import { ClientAddress } from '../auth/client-address.js';
import { AppConfig } from '../config/config.js';
import { AddressRanges, normalizeAddress } from '../egress/address-rules.js';

/** Who asked us for what, in the words of RFC 7239 and of its forerunners. */
export interface Forwarding {
  forwarded: string;
  forwardedFor: string;
  forwardedProto: string;
  forwardedHost: string;
}

/** What we know about the other end of a connection. */
export interface Peer {
  /** Its address, IPv4 without the `::ffff:`. */
  address: string;
  /** The operator's own reverse proxy: what it says about the client is believed. */
  isTrusted: boolean;
  protocol: 'http' | 'https';
  /** What was last told about it upstream. */
  forwarding: Forwarding | undefined;
}

/** Who is at the other end, read once per connection. */
@Injectable()
export class Peers {
  private readonly trusted: AddressRanges;
  private readonly peers = new WeakMap<Socket, Peer>();

  constructor(
    config: AppConfig,
    private readonly clientAddress: ClientAddress,
  ) {
    this.trusted = new AddressRanges(config.server.trustedProxies);
  }

  of(socket: Socket): Peer {
    const known = this.peers.get(socket);
    if (known) return known;
    const address = normalizeAddress(socket.remoteAddress ?? '0.0.0.0');
    const isEncrypted = (socket as Partial<TLSSocket>).encrypted === true;
    const peer: Peer = {
      address,
      isTrusted: this.trusted.has(address),
      protocol: isEncrypted ? 'https' : 'http',
      forwarding: undefined,
    };
    this.peers.set(socket, peer);
    return peer;
  }

  /** The client's address, behind trusted proxies too. */
  clientOf(request: IncomingMessage): string {
    const peer = this.of(request.socket);
    return peer.isTrusted ? this.clientAddress.of(request) : peer.address;
  }
}
