import { isIPv6 } from 'node:net';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Client, connectivityState, credentials, type ChannelOptions } from '@grpc/grpc-js';
import { CONNECT_TIMEOUT_MS } from '../../../../egress/connector.js';
import { EgressGuard, type EgressKind } from '../../../../egress/guard.js';
import { literalAddress } from '../../../../egress/host-resolver.js';
import { portOf } from '../../../../egress/trusted-hosts.js';
import { upstreamConnectTimeout, upstreamUnreachable } from '../../../proxy.errors.js';
import { MOST_MESSAGE_BYTES } from './grpc-limits.js';

/** Where a channel leads. */
export interface GrpcPlace {
  /** Typed targets share channels within one tenant only. */
  tenant: string;
  /** http://host:port, or https for TLS. */
  origin: string;
  kind: EgressKind;
}

interface Channel {
  client: Client;
  active: number;
  lastUsedAt: number;
}

const IDLE_MS = 60_000;
const SWEEP_INTERVAL_MS = 30_000;
/** A host with several addresses gets a second try within the same time. */
const MOST_ADDRESSES = 2;

/**
 * gRPC connections, one per tenant, origin and address, closed when they are idle. As for HTTP, each use asks the guard
 * again, and a channel leads to one address that has passed: the library resolves nothing, and no proxy of the
 * environment is used. TLS and `:authority` keep the name.
 */
@Injectable()
export class GrpcChannels implements OnModuleDestroy {
  private readonly channels = new Map<string, Channel>();
  private sweeper: NodeJS.Timeout | undefined;

  constructor(private readonly guard: EgressGuard) {}

  /** How many are open. */
  get count(): number {
    return this.channels.size;
  }

  /**
   * A connected client; `release` it after use. Rejects with the guard's errors, or with 502 `upstream_unreachable` or 504
   * `upstream_connect_timeout`.
   */
  async take(place: GrpcPlace): Promise<{ client: Client; release(): void }> {
    const url = new URL(place.origin);
    const addresses = await this.guard.addressesOf(url.hostname, portOf(url), place.kind);
    const tried = addresses.slice(0, MOST_ADDRESSES);
    const timeoutMs = CONNECT_TIMEOUT_MS / tried.length;
    for (const [index, address] of tried.entries()) {
      try {
        return await this.connect(place, url, address, timeoutMs);
      } catch (error) {
        if (index === tried.length - 1) throw error;
      }
    }
    throw upstreamUnreachable('dns_error');
  }

  onModuleDestroy(): void {
    clearInterval(this.sweeper);
    for (const key of this.channels.keys()) this.close(key);
  }

  private async connect(
    { tenant, kind, origin }: GrpcPlace,
    url: URL,
    address: string,
    timeoutMs: number,
  ): Promise<{ client: Client; release(): void }> {
    const key = `${kind === 'instance' ? '' : tenant} ${origin} ${address}`;
    const channel = this.channels.get(key) ?? this.open(key, url, address);
    channel.active += 1;
    const release = (): void => {
      channel.active -= 1;
      channel.lastUsedAt = performance.now();
    };
    try {
      await whenReady(channel.client, timeoutMs);
      return { client: channel.client, release };
    } catch (error) {
      release();
      if (this.channels.get(key) === channel) this.close(key);
      throw error;
    }
  }

  private open(key: string, url: URL, address: string): Channel {
    const target = `${isIPv6(address) ? `ipv6:[${address}]` : `ipv4:${address}`}:${portOf(url)}`;
    const security = url.protocol === 'https:' ? credentials.createSsl() : credentials.createInsecure();
    const client = new Client(target, security, optionsFor(url));
    const channel = { client, active: 0, lastUsedAt: performance.now() };
    this.channels.set(key, channel);
    this.sweeper ??= setInterval(() => this.sweep(), SWEEP_INTERVAL_MS).unref();
    return channel;
  }

  private sweep(): void {
    const before = performance.now() - IDLE_MS;
    for (const [key, { active, lastUsedAt }] of this.channels) {
      if (active === 0 && lastUsedAt <= before) this.close(key);
    }
  }

  private close(key: string): void {
    this.channels.get(key)?.client.close();
    this.channels.delete(key);
  }
}

function optionsFor(url: URL): ChannelOptions {
  const isName = literalAddress(url.hostname) === undefined;
  return {
    'grpc.default_authority': url.host,
    ...(isName ? { 'grpc.ssl_target_name_override': url.hostname } : {}),
    'grpc.enable_http_proxy': 0,
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_send_message_length': MOST_MESSAGE_BYTES,
    'grpc.max_receive_message_length': MOST_MESSAGE_BYTES,
    'grpc.primary_user_agent': 'gpuproxy',
  };
}

/** The library would go on trying for as long as it takes; here the first failure counts. */
function whenReady(client: Client, timeoutMs: number): Promise<void> {
  const channel = client.getChannel();
  const deadline = Date.now() + timeoutMs;
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const state = channel.getConnectivityState(true);
      if (state === connectivityState.READY) return resolve();
      if (state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN) {
        return reject(upstreamUnreachable('destination_unavailable'));
      }
      channel.watchConnectivityState(state, deadline, (error) =>
        error ? reject(upstreamConnectTimeout()) : look(),
      );
    };
    look();
  });
}
