import type { Clock } from '../../src/common/clock.js';
import type { AppConfig } from '../../src/config/config.js';
import type { EgressConnector } from '../../src/egress/connector.js';
import { ProbeClient } from '../../src/egress/probe.client.js';
import type { InstanceDirectory } from '../../src/gpu/pools/instance.directory.js';
import type { PoolDirectory } from '../../src/gpu/pools/pool.directory.js';
import type { LoadBalancerService } from '../../src/loadbalancer/loadbalancer.service.js';
import type { DestinationFinder } from '../../src/proxy/destination-finder.js';
import { ModelInquirer } from '../../src/proxy/protocols/open-inference/models/model-inquirer.js';
import { ModelRouting } from '../../src/proxy/protocols/open-inference/models/model-routing.js';
import { ServedModels } from '../../src/proxy/protocols/open-inference/models/served-models.service.js';
import { OpenInferenceHandler } from '../../src/proxy/protocols/open-inference/surface/open-inference.handler.js';
import { OwnAnswers } from '../../src/proxy/protocols/open-inference/surface/own-answers.js';
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
}

/** `/v2/*` on a data plane that was put together by hand. */
export function openInferenceHandler(parts: Parts): OpenInferenceHandler {
  const { config, clock, connector, instances, pools, balancer, finder, transparent, service } = parts;
  const inquirer = new ModelInquirer(new ProbeClient(connector), clock);
  const models = new ServedModels(pools, instances, inquirer, balancer, clock);
  models.onModuleInit();
  const routing = new ModelRouting(models, finder, instances);
  return new OpenInferenceHandler(config, new OwnAnswers(instances), routing, transparent, service);
}
