import type { IncomingMessage } from 'node:http';
import type { Peer } from './peers.js';

/** Who asked us for what, in the words of RFC 7239 and of its forerunners. */
export interface Forwarding {
  forwarded: string;
  forwardedFor: string;
  forwardedProto: string;
  forwardedHost: string;
}

/** Headers by which a client could pretend to be somebody else; only a trusted proxy's are kept. */
export const FORWARDING_HEADERS: ReadonlySet<string> = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-server',
  'x-forwarded-prefix',
  'x-real-ip',
]);

/** A trusted proxy's own chain goes on; anybody else's is dropped and begins anew with the peer. */
export function forwardingOf({ headers }: IncomingMessage, peer: Peer): Forwarding {
  const host = headers.host ?? '';
  const own = `for=${forwardedNode(peer.address)};host="${host.replace(/["\\]/g, '')}";proto=${peer.protocol}`;
  if (!peer.isTrusted) {
    return {
      forwarded: own,
      forwardedFor: peer.address,
      forwardedProto: peer.protocol,
      forwardedHost: host,
    };
  }
  return {
    forwarded: append(headers.forwarded, own),
    forwardedFor: append(headers['x-forwarded-for'], peer.address),
    forwardedProto: String(headers['x-forwarded-proto'] ?? peer.protocol),
    forwardedHost: String(headers['x-forwarded-host'] ?? host),
  };
}

function append(before: string | string[] | undefined, own: string): string {
  return before === undefined ? own : `${String(before)}, ${own}`;
}

/** RFC 7239 wants IPv6 in brackets and quotes. */
function forwardedNode(address: string): string {
  return address.includes(':') ? `"[${address}]"` : address;
}
