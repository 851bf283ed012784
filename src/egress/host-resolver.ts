import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { Injectable } from '@nestjs/common';
import { withinDeadline } from '../common/abort.js';
import { DomainError } from '../common/domain-error.js';
import { HostNotFoundError } from './egress.errors.js';

/** Turns a host name into every address it has. Literals never come here. */
export abstract class HostResolver {
  /** @throws HostNotFoundError when there is none */
  abstract resolve(hostname: string): Promise<readonly string[]>;
}

const RESOLVE_TIMEOUT_MS = 5000;

/** The system's resolver, so that /etc/hosts counts too. */
@Injectable()
export class SystemHostResolver extends HostResolver {
  async resolve(hostname: string): Promise<readonly string[]> {
    try {
      const found = await withinDeadline(lookup(hostname, { all: true }), RESOLVE_TIMEOUT_MS, resolveTimeout);
      return found.map(({ address }) => address);
    } catch (error) {
      throw new HostNotFoundError({ cause: error });
    }
  }
}

const resolveTimeout = (): DomainError =>
  new DomainError('upstream_connect_timeout', 504, 'The host name was not resolved in time.');

/** The address that a host is by itself, or undefined for a name. `localhost` and what is below it is loopback (RFC 6761). */
export function literalAddress(hostname: string): string | undefined {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  if (isIP(bare)) return bare;
  const name = bare.endsWith('.') ? bare.slice(0, -1) : bare;
  return name === 'localhost' || name.endsWith('.localhost') ? '127.0.0.1' : undefined;
}
