import { EventBus } from '../../src/common/event-bus.js';
import { DenialNotes } from '../../src/egress/denial-notes.js';
import { FREE_ADMISSION } from '../../src/credits/requests/admission.js';
import type { RequestBudget } from '../../src/credits/requests/request-budget.js';
import type { RequestPricing } from '../../src/credits/requests/request-pricing.js';
import { once } from 'node:events';
import type { IncomingHttpHeaders, Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import { ClientAddress } from '../../src/auth/client-address.js';
import { ConcurrencyLimiter } from '../../src/auth/rate-limiting/concurrency-limiter.js';
import { DataPlaneLimits } from '../../src/auth/rate-limiting/data-plane-limits.js';
import { RateLimiter } from '../../src/auth/rate-limiting/rate-limiter.js';
import { RatePolicies } from '../../src/auth/rate-limiting/rate-policies.js';
import type { CallerVerifier } from '../../src/auth/verification/caller-verifier.js';
import { readCredential } from '../../src/auth/verification/credential.js';
import { SCOPES, type Caller } from '../../src/common/caller.js';
import { SystemClock } from '../../src/common/clock.js';
import { DomainError } from '../../src/common/domain-error.js';
import { loadConfig } from '../../src/config/load-config.js';
import { InstanceBusyTime } from '../../src/credits/usage/instance-busy-time.js';
import type { SocketOwner, UsageEvent, UsageRecorder } from '../../src/credits/usage/usage-recorder.js';
import { EgressConnector } from '../../src/egress/connector.js';
import { EgressGuard } from '../../src/egress/guard.js';
import { SystemHostResolver } from '../../src/egress/host-resolver.js';
import { OwnEndpoints } from '../../src/egress/own-endpoints.js';
import { TrustedHosts } from '../../src/egress/trusted-hosts.js';
import { InstanceDirectory, type RoutableInstance } from '../../src/gpu/pools/instance.directory.js';
import {
  PoolDirectory,
  defaultPool,
  poolKey,
  type RoutablePool,
} from '../../src/gpu/pools/pool.directory.js';
import { createHttpServer } from '../../src/http-server.js';
import { LoadBalancerService } from '../../src/loadbalancer/loadbalancer.service.js';
import { Admission } from '../../src/proxy/admission.js';
import { BodyCollector } from '../../src/proxy/body-collector.js';
import { CorsPolicy } from '../../src/proxy/cors.js';
import { DataPlaneDoor } from '../../src/proxy/data-plane.door.js';
import { DestinationFinder } from '../../src/proxy/destination-finder.js';
import { EnvelopeForwarding } from '../../src/proxy/envelope-forwarding.js';
import { ProxyGauges } from '../../src/proxy/gauges.js';
import { InFlight } from '../../src/proxy/in-flight.js';
import { Metering } from '../../src/proxy/metering.js';
import { Peers } from '../../src/proxy/peers.js';
import { HttpProtocol, HttpsProtocol } from '../../src/proxy/protocols/http.protocol.js';
import type { GrpcChannels } from '../../src/proxy/protocols/open-inference/grpc/grpc-channels.js';
import { ProtocolSurfaces } from '../../src/proxy/protocol-surfaces.js';
import { ProxyController } from '../../src/proxy/proxy.controller.js';
import { ProxyService } from '../../src/proxy/proxy.service.js';
import { RetryBudget } from '../../src/proxy/retry-budget.js';
import { RouteHandlers } from '../../src/proxy/route-handlers.js';
import { TransparentHandler } from '../../src/proxy/transparent.handler.js';
import { UpgradeTunnel } from '../../src/proxy/upgrade-tunnel.js';
import { UpstreamClient } from '../../src/proxy/upstream.client.js';
import { dispatchUpgrades } from '../../src/upgrade-dispatcher.js';
import { mcpParts } from './mcp-parts.js';
import { openInferenceHandler, openInferenceProtocol } from './oip-parts.js';
import { openAiSurface } from './openai-parts.js';

/** Requests cost nothing here. */
const FREE_BUDGET = { admit: () => FREE_ADMISSION, charge: () => 0 } as unknown as RequestBudget;
const FREE_PRICES = { isFree: true } as unknown as RequestPricing;

export const OWNER = 'user-1';
export const KEY = 'key-of-user-1';

/** The whole data plane on a real socket, with a table of callers instead of the database. */
export interface ProxyHarness {
  port: number;
  url: string;
  door: DataPlaneDoor;
  balancer: LoadBalancerService;
  upstream: UpstreamClient;
  own: OwnEndpoints;
  grpcChannels: GrpcChannels;
  gauges: ProxyGauges;
  usage: UsageEvent[];
  /** Resolves with the next row that is booked. */
  nextUsage(): Promise<UsageEvent>;
  /** Makes instances `i0`, `i1`, … of OWNER and a pool of them. */
  addPool(name: string, origins: readonly string[], settings?: Partial<RoutablePool>): void;
  /** The same for several pools at once; instances with the same origin are one. */
  setPools(pools: Readonly<Record<string, TestPool>>): void;
  close(): Promise<void>;
}

export interface TestPool extends Partial<RoutablePool> {
  /** Of its members. */
  on: readonly string[];
  /** Of its members those that run and do not serve. */
  fenced?: readonly string[];
}

/** Where requests cost something: the credits module's own parts. */
export interface ProxyMoney {
  recorder: UsageRecorder;
  budget: RequestBudget;
  pricing: RequestPricing;
  busyTime: InstanceBusyTime;
}

export async function startProxy(
  env: Record<string, string> = {},
  money?: ProxyMoney,
): Promise<ProxyHarness> {
  Logger.overrideLogger(false);
  const config = loadConfig({ JWT_SECRET: 'k3'.repeat(20), PROXY_OPEN_TARGETS: 'true', ...env });
  const clock = new SystemClock();
  const resolver = new SystemHostResolver();
  const [trusted, own] = [new TrustedHosts(config), new OwnEndpoints(config, resolver)];
  const guard = new EgressGuard(config, trusted, own, resolver, new DenialNotes(new EventBus(), clock));
  const connector = new EgressConnector(guard);
  const balancer = new LoadBalancerService(config, clock);
  const [instances, pools] = [new InstanceDirectory(), new PoolDirectory()];
  const busyTime = money?.busyTime ?? new InstanceBusyTime(clock);
  const finder = new DestinationFinder(pools, instances, balancer, guard, busyTime);
  const upstream = new UpstreamClient(connector);
  const usage: UsageEvent[] = [];
  const waiting: ((event: UsageEvent) => void)[] = [];
  const record = (event: UsageEvent): void => {
    usage.push(event);
    money?.recorder.record(event);
    waiting.splice(0).forEach((wake) => wake(event));
  };
  const openSocket = (owner: SocketOwner): (() => void) =>
    money?.recorder.openSocket(owner) ?? (() => undefined);
  const recorder = { record, openSocket } as unknown as UsageRecorder;
  const inFlight = new InFlight();
  const gauges = new ProxyGauges(inFlight);
  const budget = new RetryBudget(clock);
  const service = new ProxyService(
    config,
    upstream,
    budget,
    new Metering(recorder, money?.budget ?? FREE_BUDGET, money?.pricing ?? FREE_PRICES, clock),
    gauges,
  );
  const peers = new Peers(config, new ClientAddress(config));
  const transparent = new TransparentHandler(config, finder, peers, service);
  const tunnel = new UpgradeTunnel(config, transparent, upstream, service);
  const forwarding = new EnvelopeForwarding(peers);
  const forMcp = { config, clock, upstream, peers, instances, finder, forwarding, transparent, service };
  const { mcp, protocol: mcpProtocol } = mcpParts(forMcp);
  const forOip = { config, clock, guard, upstream, forwarding, budget, service };
  const openInference = openInferenceProtocol(forOip);
  const protocols = [
    new HttpProtocol(config, forwarding, service),
    new HttpsProtocol(config, forwarding, service),
    mcpProtocol,
    openInference.protocol,
  ];
  const admission = new Admission(
    callersFromTable,
    new DataPlaneLimits(new RateLimiter(clock), new RatePolicies(config), new ConcurrencyLimiter()),
  );
  const bodies = new BodyCollector(config);
  const controller = new ProxyController(bodies, finder, protocols);
  const parts = {
    config,
    clock,
    connector,
    instances,
    pools,
    balancer,
    finder,
    transparent,
    service,
    bodies,
  };
  const surfaces = new ProtocolSurfaces(mcp, openAiSurface(parts), openInferenceHandler(parts));
  const handlers = new RouteHandlers(transparent, tunnel, controller, surfaces);
  const door = new DataPlaneDoor(peers, new CorsPolicy(config), admission, handlers, inFlight);
  const takesFirst = createHttpServer((request, response) => door.handle(request, response));
  const server = takesFirst((_, response) => response.writeHead(404).end('control plane')) as Server;
  dispatchUpgrades(server, [(request, socket, head) => door.handleUpgrade(request, socket, head)]);
  const setPools = (described: Readonly<Record<string, TestPool>>): void => {
    const origins = [...new Set(Object.values(described).flatMap(({ on }) => on))];
    const fenced = new Set(Object.values(described).flatMap(({ fenced: some = [] }) => some));
    origins.forEach((origin) => trusted.add(origin));
    instances.replaceOwner(
      OWNER,
      origins.map((origin, index) => routable(origin, index, !fenced.has(origin))),
    );
    const named = Object.entries(described).map(([name, { on, ...settings }]) => ({
      ...defaultPool(OWNER),
      key: poolKey(OWNER, name),
      name,
      memberIds: on.map((origin) => `i${origins.indexOf(origin)}`),
      ...settings,
    }));
    pools.replaceOwner(OWNER, named);
    origins.forEach((origin, index) =>
      balancer.setTarget({
        id: `i${index}`,
        ownerId: OWNER,
        provider: 'static',
        weight: 1,
        state: fenced.has(origin) ? 'fenced' : 'serving',
      }),
    );
    named.forEach((pool) => balancer.setPool(pool.key, pool));
  };
  const port = await listen(server);
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    door,
    balancer,
    upstream,
    own,
    grpcChannels: openInference.channels,
    gauges,
    usage,
    nextUsage: () => new Promise((resolve) => waiting.push(resolve)),
    addPool: (name, origins, settings) => setPools({ [name]: { on: origins, ...settings } }),
    setPools,
    close: async () => {
      tunnel.closeAll();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      openInference.channels.onModuleDestroy();
      await upstream.onModuleDestroy();
    },
  };
}

function routable(origin: string, index: number, isServing: boolean): RoutableInstance {
  return {
    instanceId: `i${index}`,
    rentalId: `r${index}`,
    ownerId: OWNER,
    provider: 'static',
    origins: new Map([[8000, origin]]),
    isServing,
    hasService: true,
    health: { protocols: [] },
  };
}

const CALLER: Caller = {
  userId: OWNER,
  email: 'owner@example.com',
  isAdmin: false,
  mustChangePassword: false,
  credential: 'api_key',
  credentialId: 'key-1',
  scopes: SCOPES,
};

const CALLERS: Readonly<Record<string, Caller>> = {
  [KEY]: CALLER,
  'key-of-user-2': { ...CALLER, userId: 'user-2', credentialId: 'key-2' },
  'key-without-scope': { ...CALLER, scopes: ['gpu:read'], credentialId: 'key-3' },
};

const callersFromTable = {
  verify(headers: IncomingHttpHeaders): Caller | Promise<Caller> {
    const { text } = readCredential(headers);
    const caller = CALLERS[text];
    if (text === 'slow') return Promise.resolve(CALLER);
    if (!caller) throw new DomainError('invalid_api_key', 401, 'This API key is not valid.');
    return caller;
  },
} as unknown as CallerVerifier;

export async function listen(server: Server | import('node:net').Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A promise that is settled from outside. */
export function deferred<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

/** Sends bytes as they are and collects what comes back until the other side closes, or until `until` is seen. */
export async function sendRaw(port: number, bytes: string | Buffer, until?: string): Promise<string> {
  const socket: Socket = connect(port, '127.0.0.1');
  let received = '';
  return new Promise((resolve) => {
    const finish = (): void => {
      socket.destroy();
      resolve(received);
    };
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (until !== undefined && received.includes(until)) finish();
    });
    socket.on('error', finish).on('close', finish);
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  });
}
