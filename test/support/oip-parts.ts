import type { Clock } from '../../src/common/clock.js';
import type { AppConfig } from '../../src/config/config.js';
import type { EgressConnector } from '../../src/egress/connector.js';
import { ProbeClient } from '../../src/egress/probe.client.js';
import type { EgressGuard } from '../../src/egress/guard.js';
import type { InstanceDirectory } from '../../src/gpu/pools/instance.directory.js';
import type { ModelFreshness } from '../../src/gpu/pools/models/model-freshness.service.js';
import type { PoolDirectory } from '../../src/gpu/pools/pool.directory.js';
import type { LoadBalancerService } from '../../src/loadbalancer/loadbalancer.service.js';
import type { DestinationFinder } from '../../src/proxy/destination-finder.js';
import type { EnvelopeForwarding } from '../../src/proxy/envelope-forwarding.js';
import { McpHttp } from '../../src/proxy/protocols/mcp/mcp-http.js';
import { AnswerDelivery } from '../../src/proxy/protocols/open-inference/envelope/answer-delivery.js';
import { InferTargets } from '../../src/proxy/protocols/open-inference/envelope/infer-targets.js';
import { InferenceConversation } from '../../src/proxy/protocols/open-inference/envelope/inference-conversation.js';
import { InferenceDialogue } from '../../src/proxy/protocols/open-inference/envelope/inference-dialogue.js';
import { InferenceRunner } from '../../src/proxy/protocols/open-inference/envelope/inference-runner.js';
import { OpenInferenceProtocol } from '../../src/proxy/protocols/open-inference/envelope/open-inference.protocol.js';
import { Planner } from '../../src/proxy/protocols/open-inference/envelope/planner.js';
import { TargetMemory } from '../../src/proxy/protocols/open-inference/envelope/target-memory.js';
import { GrpcCaller } from '../../src/proxy/protocols/open-inference/grpc/grpc-caller.js';
import { GrpcChannels } from '../../src/proxy/protocols/open-inference/grpc/grpc-channels.js';
import { ModelInquirer } from '../../src/proxy/protocols/open-inference/models/model-inquirer.js';
import { ModelRouting } from '../../src/proxy/protocols/open-inference/models/model-routing.js';
import { ServedModels } from '../../src/proxy/protocols/open-inference/models/served-models.service.js';
import { OpenInferenceHandler } from '../../src/proxy/protocols/open-inference/surface/open-inference.handler.js';
import { OwnAnswers } from '../../src/proxy/protocols/open-inference/surface/own-answers.js';
import type { ProxyService } from '../../src/proxy/proxy.service.js';
import type { RetryBudget } from '../../src/proxy/retry-budget.js';
import type { TransparentHandler } from '../../src/proxy/transparent.handler.js';
import type { UpstreamClient } from '../../src/proxy/upstream.client.js';

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

interface EnvelopeParts {
  config: AppConfig;
  clock: Clock;
  guard: EgressGuard;
  upstream: UpstreamClient;
  forwarding: EnvelopeForwarding;
  budget: RetryBudget;
  service: ProxyService;
}

/** `openinference` of POST gpu/proxy. */
export function openInferenceProtocol(parts: EnvelopeParts): {
  protocol: OpenInferenceProtocol;
  channels: GrpcChannels;
} {
  const { config, clock, guard, upstream, forwarding, budget, service } = parts;
  const http = new McpHttp(config, upstream);
  const channels = new GrpcChannels(guard);
  const conversation = new InferenceConversation(
    new InferTargets(forwarding, http, new GrpcCaller(config, channels)),
    new InferenceDialogue(new Planner(new TargetMemory(clock)), http),
    new AnswerDelivery(config, http),
  );
  const runner = new InferenceRunner(budget, service);
  return { protocol: new OpenInferenceProtocol(forwarding, conversation, runner, clock), channels };
}

/** `/v2/*` on a data plane that was put together by hand. */
export function openInferenceHandler(parts: Parts): OpenInferenceHandler {
  const { config, clock, connector, instances, pools, balancer, finder, transparent, service } = parts;
  const inquirer = new ModelInquirer(new ProbeClient(connector), clock);
  const models = new ServedModels(pools, instances, inquirer, balancer, clock);
  models.onModuleInit();
  const freshness = { catchUp: () => undefined } as unknown as ModelFreshness;
  const routing = new ModelRouting(models, finder, instances, freshness);
  return new OpenInferenceHandler(config, new OwnAnswers(instances), routing, transparent, service);
}
