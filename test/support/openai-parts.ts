import type { Clock } from '../../src/common/clock.js';
import type { AppConfig } from '../../src/config/config.js';
import type { EgressConnector } from '../../src/egress/connector.js';
import { ProbeClient } from '../../src/egress/probe.client.js';
import type { InstanceDirectory } from '../../src/gpu/pools/instance.directory.js';
import { ModelDirectory } from '../../src/gpu/pools/models/model.directory.js';
import { ModelDiscovery } from '../../src/gpu/pools/models/model-discovery.service.js';
import { ModelFreshness } from '../../src/gpu/pools/models/model-freshness.service.js';
import type { PoolDirectory } from '../../src/gpu/pools/pool.directory.js';
import type { RoutingPublisher } from '../../src/gpu/pools/routing-publisher.js';
import type { LoadBalancerService } from '../../src/loadbalancer/loadbalancer.service.js';
import type { DestinationFinder } from '../../src/proxy/destination-finder.js';
import type { BodyCollector } from '../../src/proxy/body-collector.js';
import { ModelRouter } from '../../src/proxy/openai/model-router.js';
import { ModelsHandler } from '../../src/proxy/openai/models.handler.js';
import { OpenAiHandler } from '../../src/proxy/openai/openai.handler.js';
import { OpenAiSurface } from '../../src/proxy/openai/openai.surface.js';
import type { ProxyService } from '../../src/proxy/proxy.service.js';
import type { TransparentHandler } from '../../src/proxy/transparent.handler.js';

interface Parts {
  config: AppConfig;
  clock: Clock;
  connector: EgressConnector;
  instances: InstanceDirectory;
  pools: PoolDirectory;
  balancer: LoadBalancerService;
  finder: DestinationFinder;
  transparent: TransparentHandler;
  service: ProxyService;
  bodies: BodyCollector;
}

/** `/v1/*` on a data plane that was put together by hand. Upstreams are not asked for models: pools declare them. */
export function openAiSurface(parts: Parts): OpenAiSurface {
  const { config, clock, connector, instances, pools, balancer, finder, transparent, service } = parts;
  const probe = new ProbeClient(connector);
  const models = new ModelDirectory(pools, instances, balancer);
  const discovery = new ModelDiscovery(probe, pools, instances, models, clock);
  models.onModuleInit();
  const publisher = { publishOwner: async () => undefined } as unknown as RoutingPublisher;
  const freshness = new ModelFreshness(publisher, discovery, clock);
  const router = new ModelRouter(models, freshness, pools, instances, finder);
  const forwarding = new OpenAiHandler(config, router, parts.bodies, transparent, service);
  return new OpenAiSurface(new ModelsHandler(models, freshness, pools, router), forwarding);
}
