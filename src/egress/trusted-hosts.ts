import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/config.js';

/**
 * Host:port pairs that the operator vouches for: STATIC_MACHINES and the sandbox's machines. They may be private,
 * and only instances live there: a caller's `target_url` gains nothing from this list.
 */
@Injectable()
export class TrustedHosts {
  private readonly authorities = new Set<string>();

  constructor(config: AppConfig) {
    for (const machine of config.providers.staticMachines) this.add(machine.url);
  }

  /** @param origin such as `http://127.0.0.1:9000`; a path is ignored */
  add(origin: string): void {
    this.authorities.add(authorityOf(new URL(origin)));
  }

  remove(origin: string): void {
    this.authorities.delete(authorityOf(new URL(origin)));
  }

  has(hostname: string, port: number): boolean {
    return this.authorities.has(`${hostname}:${port}`);
  }
}

function authorityOf(url: URL): string {
  return `${url.hostname}:${portOf(url)}`;
}

/** The port that a URL means, its scheme's default included. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' || url.protocol === 'wss:' ? 443 : 80;
}
