import { Injectable, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../../../../common/clock.js';
import { InstanceDirectory } from '../../../../gpu/pools/instance.directory.js';
import { declaredModel } from '../../../../gpu/pools/models/model-listing.js';
import { serviceOf, type ModelService } from '../../../../gpu/pools/models/model-service.js';
import { ModelTable } from '../../../../gpu/pools/models/model-table.js';
import { PoolDirectory } from '../../../../gpu/pools/pool.directory.js';
import { LoadBalancerService } from '../../../../loadbalancer/loadbalancer.service.js';
import { ModelInquirer } from './model-inquirer.js';
import { ServiceKnowledge } from './service-knowledge.js';

/** How long an answer counts; after that the next request has it renewed, without waiting. */
const KEPT_MS = 60_000;
/** Somebody wants a model that nobody has: it may have been loaded since. */
const FRESH_MS = 5000;
/** How long a request for an unknown model waits for answers. */
const LONGEST_WAIT_MS = 2000;
const MOST_AT_ONCE = 100;
const MOST_MODELS = 1000;
/** Parts of pools for /v1 and for /v2 may differ. */
const LEASE_PREFIX = 'v2 ';

/** One round of questions about one model. */
interface Round {
  /** Epoch ms. */
  askedAt: number;
  /** Resolves when all have answered, or have had their time; undefined when it is over. */
  underWay?: Promise<void>;
}

interface Owner {
  services: ReadonlyMap<string, ModelService>;
  table: ModelTable;
  /** By model. */
  rounds: LRUCache<string, Round>;
}

/**
 * Which pools and instances serve a model over the Open Inference Protocol, in memory, in each process of its own. Unlike
 * OpenAI-compatible servers, which are asked for their list beforehand, these are asked when somebody wants a model.
 */
@Injectable()
export class ServedModels implements OnModuleInit {
  private readonly owners = new Map<string, Owner>();
  private readonly knowledge = new Map<string, ServiceKnowledge>();
  /** Owners whose instances have told something new. */
  private readonly changed = new Set<string>();

  constructor(
    private readonly pools: PoolDirectory,
    private readonly instances: InstanceDirectory,
    private readonly inquirer: ModelInquirer,
    private readonly balancer: LoadBalancerService,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.pools.onReplaced((ownerId) => this.follow(ownerId));
  }

  tableOf(ownerId: string): ModelTable {
    return this.ownerOf(ownerId).table;
  }

  /** The balancer's name for the members of a pool that serve a model, by the lease key of the table. */
  leaseKeyOf(poolKey: string, leaseKey: string): string {
    return leaseKey === poolKey ? poolKey : `${LEASE_PREFIX}${leaseKey}`;
  }

  /** Asks the serving instances about a model; undefined when they have answered lately. Never rejects. */
  freshen(ownerId: string, model: string): Promise<void> | undefined {
    const owner = this.ownerOf(ownerId);
    const now = this.clock.now();
    const isKnown = owner.table.offersOf(model).length > 0;
    const before = now - (isKnown ? KEPT_MS : FRESH_MS);
    const last = owner.rounds.get(model);
    if (last && last.askedAt > before) return last.underWay;
    const round: Round = { askedAt: now };
    owner.rounds.set(model, round);
    round.underWay = this.askAll(ownerId, owner, model, before).finally(() => (round.underWay = undefined));
    return round.underWay;
  }

  private async askAll(ownerId: string, { services }: Owner, model: string, before: number): Promise<void> {
    const open = [...services.values()].filter(({ isServing }) => isServing);
    const askNext = async (): Promise<void> => {
      for (let service = open.pop(); service; service = open.pop()) {
        const isNews = await this.inquirer.ask(service, this.knowledgeOf(service), model, before);
        if (isNews) this.changed.add(ownerId);
      }
    };
    const answers = Promise.all(Array.from({ length: MOST_AT_ONCE }, askNext)).then(() =>
      this.settle(ownerId),
    );
    await Promise.race([answers, elapsed(LONGEST_WAIT_MS)]);
    this.settle(ownerId);
  }

  private ownerOf(ownerId: string): Owner {
    return this.owners.get(ownerId) ?? this.follow(ownerId);
  }

  private follow(ownerId: string): Owner {
    const before = this.owners.get(ownerId);
    const services = this.servicesOf(ownerId);
    before?.services.forEach((_, key) => {
      if (!services.has(key)) this.knowledge.delete(key);
    });
    const rounds = new LRUCache<string, Round>({ max: MOST_MODELS });
    const table = before?.table ?? new ModelTable([], () => undefined);
    const owner = { services, table, rounds };
    this.owners.set(ownerId, owner);
    this.rebuild(ownerId);
    return owner;
  }

  private servicesOf(ownerId: string): Map<string, ModelService> {
    const services = new Map<string, ModelService>();
    for (const pool of this.pools.ofOwner(ownerId)) {
      for (const instanceId of pool.memberIds) {
        const service = serviceOf(pool, instanceId, this.instances);
        if (service) services.set(service.key, service);
      }
    }
    return services;
  }

  private knowledgeOf({ key }: ModelService): ServiceKnowledge {
    const known = this.knowledge.get(key) ?? new ServiceKnowledge();
    this.knowledge.set(key, known);
    return known;
  }

  private settle(ownerId: string): void {
    if (this.changed.delete(ownerId)) this.rebuild(ownerId);
  }

  private rebuild(ownerId: string): void {
    const owner = this.ownerOf(ownerId);
    const before = owner.table;
    owner.table = new ModelTable(this.pools.ofOwner(ownerId), (pool, instanceId) => {
      const service = serviceOf(pool, instanceId, this.instances);
      const models = service && this.knowledge.get(service.key)?.models();
      return models?.map(declaredModel);
    });
    for (const [key, part] of owner.table.parts) this.balancer.setPool(`${LEASE_PREFIX}${key}`, part);
    for (const key of before.parts.keys()) {
      if (!owner.table.parts.has(key)) this.balancer.removePool(`${LEASE_PREFIX}${key}`);
    }
  }
}

function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
