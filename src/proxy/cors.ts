import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/config.js';

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';
const EXPOSED = [
  'X-Request-Id',
  'X-GPUProxy-Instance',
  'X-GPUProxy-Attempts',
  'RateLimit',
  'RateLimit-Policy',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'Retry-After',
  'Proxy-Status',
  'Mcp-Session-Id',
].join(', ');
const PREFLIGHT_SECONDS = '600';

/** Which browsers' pages may call (CORS_ORIGINS). `*` lets any page call, without the browser's own credentials. */
@Injectable()
export class CorsPolicy {
  private readonly origins: ReadonlySet<string>;
  private readonly isOpen: boolean;

  constructor({ server }: AppConfig) {
    this.origins = new Set(server.corsOrigins);
    this.isOpen = this.origins.has('*');
  }

  /** A browser's question before the request; every other OPTIONS is for the upstream. */
  isPreflight({ method, headers }: IncomingMessage): boolean {
    return (
      method === 'OPTIONS' &&
      headers.origin !== undefined &&
      headers['access-control-request-method'] !== undefined
    );
  }

  /** Flat headers for the answer to a page; none for a page that may not call, or when no page asks. */
  headersFor(origin: string | undefined): readonly string[] {
    if (origin === undefined) return [];
    const isListed = this.origins.has(origin);
    if (!isListed && !this.isOpen) return ['Vary', 'Origin'];
    const allowed = ['Access-Control-Allow-Origin', isListed ? origin : '*', 'Vary', 'Origin'];
    if (isListed) allowed.push('Access-Control-Allow-Credentials', 'true');
    return [...allowed, 'Access-Control-Expose-Headers', EXPOSED];
  }

  /** What a preflight is answered with, besides `headersFor`. */
  preflightHeaders(request: IncomingMessage): readonly string[] {
    const asked = request.headers['access-control-request-headers'];
    const headers = ['Access-Control-Allow-Methods', METHODS, 'Access-Control-Max-Age', PREFLIGHT_SECONDS];
    return asked === undefined ? headers : [...headers, 'Access-Control-Allow-Headers', String(asked)];
  }
}
