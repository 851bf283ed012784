import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '../../config/config.js';
import { Peers } from '../peers.js';
import { hostNotAllowed, originNotAllowed } from './mcp.errors.js';

const LOOPBACK_NAME = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * MCP's guard against web pages that reach a server by rebinding their own name to its address. Pages may call from
 * CORS_ORIGINS and PUBLIC_URL. A Host must be PUBLIC_URL's, an address (no name to rebind) or a loopback name; in
 * production without PUBLIC_URL the server does not know its names, and any is taken. Developer mode adds pages from
 * loopback.
 */
@Injectable()
export class OriginCheck {
  private readonly origins: ReadonlySet<string>;
  private readonly publicHost: string | undefined;
  private readonly isDeveloper: boolean;

  constructor(
    { server, mode }: AppConfig,
    private readonly peers: Peers,
  ) {
    const own = server.publicUrl === undefined ? undefined : new URL(server.publicUrl);
    this.origins = new Set([...server.corsOrigins, ...(own ? [own.origin] : [])]);
    this.publicHost = own?.hostname;
    this.isDeveloper = mode.isDeveloper;
  }

  /** @throws DomainError 403 `origin_not_allowed` or `host_not_allowed` */
  check({ headers, socket }: IncomingMessage): void {
    const { origin, host } = headers;
    if (origin !== undefined && !this.isAllowedOrigin(origin)) throw originNotAllowed();
    // Which Host the operator's own reverse proxy puts in is its business.
    if (this.peers.of(socket).isTrusted || this.isAllowedHost(host ?? '')) return;
    throw hostNotAllowed();
  }

  private isAllowedOrigin(origin: string): boolean {
    if (this.origins.has(origin) || this.origins.has('*')) return true;
    return this.isDeveloper && URL.canParse(origin) && LOOPBACK_NAME.test(new URL(origin).hostname);
  }

  private isAllowedHost(host: string): boolean {
    if (this.publicHost === undefined && !this.isDeveloper) return true;
    if (!URL.canParse(`http://${host}`)) return false;
    const { hostname } = new URL(`http://${host}`);
    return hostname === this.publicHost || LOOPBACK_NAME.test(hostname) || isAddress(hostname);
  }
}

function isAddress(hostname: string): boolean {
  return isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
}
