import { Injectable, Logger } from '@nestjs/common';
import { AppConfig } from '../config/config.js';
import { AddressRanges, isMetadataAddress, isPublicAddress, normalizeAddress } from './address-rules.js';
import { DenialNotes } from './denial-notes.js';
import { targetNotAllowed, type DenialReason } from './egress.errors.js';
import { HostResolver, literalAddress } from './host-resolver.js';
import { OwnEndpoints } from './own-endpoints.js';
import { TargetList, isTargetPort } from './target-rules.js';
import { TrustedHosts, portOf } from './trusted-hosts.js';

/**
 * Who supplied the address. `instance`: a farm or the operator, so any port and host is fine and trusted host:ports may
 * be private. `target`: a caller typed it, so the operator must have opened it.
 */
export type EgressKind = 'instance' | 'target';

export interface CheckedTarget {
  url: URL;
  /** Every address of the host; all of them may be connected to. */
  addresses: readonly string[];
}

const SCHEMES = new Set(['http:', 'https:', 'ws:', 'wss:']);

/**
 * The one place that decides which addresses may be connected to. A name is judged by what it resolves to, all of it;
 * the connector asks again for every connection and connects only to an address that passed (so that a name which
 * changes its mind between check and connect gains nothing).
 */
@Injectable()
export class EgressGuard {
  private readonly logger = new Logger(EgressGuard.name);
  private readonly privateRanges: AddressRanges;
  private readonly targets: TargetList;
  private readonly areTargetsOpen: boolean;

  constructor(
    config: AppConfig,
    private readonly trusted: TrustedHosts,
    private readonly own: OwnEndpoints,
    private readonly resolver: HostResolver,
    private readonly notes: DenialNotes,
  ) {
    this.privateRanges = new AddressRanges(config.proxy.allowPrivateCidrs);
    this.targets = new TargetList(config.proxy.targets);
    this.areTargetsOpen = config.proxy.openTargets;
    if (config.proxy.allowPrivateCidrs.length > 0) {
      this.logger.warn({
        msg: 'PROXY_ALLOW_PRIVATE_CIDRS opens private ranges to every user',
        ranges: config.proxy.allowPrivateCidrs,
      });
    }
  }

  /**
   * Judges a URL as a whole, after parsing: decimal, octal, hexadecimal and full-width hosts are plain addresses then.
   * @throws DomainError 403 `target_not_allowed`; HostNotFoundError when the name does not resolve
   */
  async check(target: URL | string, kind: EgressKind): Promise<CheckedTarget> {
    const url = typeof target === 'string' ? this.parse(target) : target;
    if (!SCHEMES.has(url.protocol)) throw this.deny('scheme', url.hostname);
    if (url.username !== '' || url.password !== '') throw this.deny('userinfo', url.hostname);
    return { url, addresses: await this.addressesOf(url.hostname, portOf(url), kind) };
  }

  /** The addresses behind host and port, if every one of them may be connected to. Errors as in `check`. */
  async addressesOf(hostname: string, port: number, kind: EgressKind): Promise<readonly string[]> {
    if (kind === 'target' && !isTargetPort(port)) throw this.deny('port', hostname);
    const literal = literalAddress(hostname);
    const addresses = literal === undefined ? await this.resolver.resolve(hostname) : [literal];
    for (const address of addresses) {
      const reason = await this.denialOf(hostname, address, port, kind);
      if (reason) throw this.deny(reason, hostname, address);
    }
    return addresses;
  }

  /** The last look, at the peer of a socket that is already connected. */
  confirmPeer(hostname: string, peer: string | undefined, checked: readonly string[]): void {
    const isChecked =
      peer !== undefined && checked.some((address) => normalizeAddress(address) === normalizeAddress(peer));
    if (!isChecked) throw this.deny('peer_changed', hostname, peer);
  }

  private async denialOf(
    hostname: string,
    address: string,
    port: number,
    kind: EgressKind,
  ): Promise<DenialReason | undefined> {
    if (isMetadataAddress(address)) return 'metadata';
    if (await this.own.has(address, port)) return 'own_address';
    if (this.privateRanges.has(address)) return undefined;
    if (kind === 'instance' && this.trusted.has(hostname, port)) return undefined;
    if (!isPublicAddress(address)) return 'not_public';
    return kind === 'instance' || this.isListed(hostname, port) ? undefined : 'host_not_listed';
  }

  private isListed(hostname: string, port: number): boolean {
    return this.areTargetsOpen || this.targets.has(hostname, port);
  }

  private parse(text: string): URL {
    if (!URL.canParse(text)) throw this.deny('not_a_url', '');
    return new URL(text);
  }

  private deny(reason: DenialReason, hostname: string, address?: string): Error {
    this.logger.warn({ msg: 'egress denied', reason, hostname, address });
    this.notes.note(reason, hostname, address);
    return targetNotAllowed();
  }
}
