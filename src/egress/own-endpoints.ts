import { networkInterfaces } from 'node:os';
import { Injectable } from '@nestjs/common';
import ipaddr from 'ipaddr.js';
import { AppConfig } from '../config/config.js';
import { normalizeAddress } from './address-rules.js';
import { HostResolver, literalAddress } from './host-resolver.js';

/** What this daemon listens on and stores in: never a target, not even inside an allowed private range. */
@Injectable()
export class OwnEndpoints {
  private readonly listeningPorts = new Set<number>();
  private readonly services: { host: string; port: number }[] = [];

  constructor(
    config: AppConfig,
    private readonly resolver: HostResolver,
  ) {
    this.addListener(config.server.port);
    if (config.database.type === 'postgres') this.addService(config.database.host, config.database.port);
    if (config.redis) this.addService(config.redis.host, config.redis.port);
  }

  /** A port of ours, told again once a free one was taken. */
  addListener(port: number): void {
    if (port > 0) this.listeningPorts.add(port);
  }

  /** A server that only we may talk to: database, Redis. */
  addService(host: string, port: number): void {
    this.services.push({ host, port });
  }

  async has(address: string, port: number): Promise<boolean> {
    if (this.listeningPorts.has(port) && isOfThisMachine(address)) return true;
    for (const service of this.services) {
      if (service.port === port && (await this.isAddressOf(service.host, address))) return true;
    }
    return false;
  }

  private async isAddressOf(host: string, address: string): Promise<boolean> {
    const literal = literalAddress(host);
    const addresses = literal === undefined ? await this.resolver.resolve(host) : [literal];
    const isLocal = addresses.some(isOfThisMachine);
    return isLocal
      ? isOfThisMachine(address)
      : addresses.some((other) => normalizeAddress(other) === normalizeAddress(address));
  }
}

function isOfThisMachine(text: string): boolean {
  const address = ipaddr.process(text);
  if (address.range() === 'loopback' || address.range() === 'unspecified') return true;
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return own.some((entry) => normalizeAddress(entry.address) === address.toNormalizedString());
}
