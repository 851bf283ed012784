import type { IncomingMessage } from 'node:http';
import type { Forwarding, Peer } from './peers.js';

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
  const own = ownForwarding(headers.host ?? '', peer);
  if (!peer.isTrusted) return own;
  return {
    forwarded: append(headers.forwarded, own.forwarded),
    forwardedFor: append(headers['x-forwarded-for'], peer.address),
    forwardedProto: String(headers['x-forwarded-proto'] ?? peer.protocol),
    forwardedHost: String(headers['x-forwarded-host'] ?? own.forwardedHost),
  };
}

/** The same for all requests of a connection, unless it changes its Host. */
function ownForwarding(host: string, peer: Peer): Forwarding {
  if (peer.forwarding?.forwardedHost === host) return peer.forwarding;
  const { address, protocol } = peer;
  const forwarded = `for=${forwardedNode(address)};host="${host.replace(/["\\]/g, '')}";proto=${protocol}`;
  peer.forwarding = { forwarded, forwardedFor: address, forwardedProto: protocol, forwardedHost: host };
  return peer.forwarding;
}

function append(before: string | string[] | undefined, own: string): string {
  return before === undefined ? own : `${String(before)}, ${own}`;
}

/** RFC 7239 wants IPv6 in brackets and quotes. */
function forwardedNode(address: string): string {
  return address.includes(':') ? `"[${address}]"` : address;
}
