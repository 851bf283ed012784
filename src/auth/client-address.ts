import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { Injectable } from '@nestjs/common';
import ipaddr from 'ipaddr.js';
import { AppConfig } from '../config/config.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** What an address is read from: node's request, or Fastify's `raw`. */
export interface AddressedRequest {
  socket: { remoteAddress?: string };
  headers: IncomingHttpHeaders;
}

const UNKNOWN = '0.0.0.0';
/** A household or a server gets at least so much of IPv6, so its addresses count as one. */
const IPV6_SITE_BYTES = 8;

/** The caller's address: the socket's, or what trusted reverse proxies (TRUSTED_PROXIES) say in X-Forwarded-For. */
@Injectable()
export class ClientAddress {
  private readonly trusted: readonly [Address, number][];

  constructor({ server }: AppConfig) {
    this.trusted = server.trustedProxies.map((range) => ipaddr.parseCIDR(range));
  }

  /** In its shortest form; an IPv4 address inside IPv6 as IPv4. */
  of(request: AddressedRequest): string {
    const socketAddress = parse(request.socket.remoteAddress);
    if (!socketAddress) return UNKNOWN;
    return this.nearestUntrusted(socketAddress, forwardedFor(request.headers)).toString();
  }

  /** Walks from our side outwards and stops at the first hop that nobody we trust vouches for. */
  private nearestUntrusted(socketAddress: Address, forwarded: readonly string[]): Address {
    let nearest = socketAddress;
    for (const text of forwarded.toReversed()) {
      const next = this.isTrusted(nearest) ? parse(text) : undefined;
      if (!next) return nearest;
      nearest = next;
    }
    return nearest;
  }

  private isTrusted(address: Address): boolean {
    return this.trusted.some(
      ([range, bits]) => range.kind() === address.kind() && address.match(range, bits),
    );
  }
}

/** One limit's key for an address: IPv4 as it is, IPv6 by its /64. */
export function limitKeyOf(address: string): string {
  if (!address.includes(':')) return address;
  const parsed = parse(address);
  if (parsed?.kind() !== 'ipv6') return address;
  const site = parsed.toByteArray().map((byte, index) => (index < IPV6_SITE_BYTES ? byte : 0));
  return `${ipaddr.fromByteArray(site).toString()}/64`;
}

function parse(text: string | undefined): Address | undefined {
  return text !== undefined && isIP(text) ? ipaddr.process(text) : undefined;
}

function forwardedFor(headers: IncomingHttpHeaders): string[] {
  const value = headers['x-forwarded-for'];
  return [value ?? ''].flat().join(',').split(',').map(withoutPort).filter(Boolean);
}

/** Some proxies write `1.2.3.4:5678` or `[2001:db8::1]:5678`. */
function withoutPort(text: string): string {
  const hop = text.trim();
  return /^\[(.+)\](?::\d+)?$/.exec(hop)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(hop)?.[1] ?? hop;
}
