import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../../../common/clock.js';
import { ProbeClient, type ProbeAnswer } from '../../../../egress/probe.client.js';
import type { ModelService } from '../../../../gpu/pools/models/model-service.js';
import { readModelMetadata, readRepositoryIndex } from './model-answers.js';
import type { ServiceKnowledge } from './service-knowledge.js';

const TIMEOUT_MS = 5000;
const MOST_BYTES = 1_048_576;

/** Asks one service about its models: the repository's index first (Triton, MLServer), else the one model's metadata. */
@Injectable()
export class ModelInquirer {
  private readonly logger = new Logger(ModelInquirer.name);

  constructor(
    private readonly client: ProbeClient,
    private readonly clock: Clock,
  ) {}

  /**
   * Brings what is known about the model up to date, as far as it is older than `before` (epoch ms). True when there is
   * something new. Never rejects: a service in trouble has not unloaded its models.
   */
  async ask(
    service: ModelService,
    knowledge: ServiceKnowledge,
    model: string,
    before: number,
  ): Promise<boolean> {
    try {
      const isNewIndex = knowledge.isIndexOlderThan(before) && (await this.askIndex(service, knowledge));
      const isOpen = knowledge.hasNoIndex && knowledge.isModelOlderThan(model, before);
      return (isOpen && (await this.askModel(service, knowledge, model))) || isNewIndex;
    } catch (error) {
      this.logger.debug({ msg: 'models not told', instance_id: service.instanceId, err: error });
      return false;
    }
  }

  private async askIndex({ origin, headers }: ModelService, knowledge: ServiceKnowledge): Promise<boolean> {
    const url = new URL('/v2/repository/index', origin).href;
    const answer = await this.client.post(url, '{}', {
      timeoutMs: TIMEOUT_MS,
      headers,
      maxBytes: MOST_BYTES,
    });
    if (answer.status >= 500) return false;
    const models = isOk(answer) ? readRepositoryIndex(answer.body) : undefined;
    return knowledge.learnIndex(models, this.clock.now());
  }

  private async askModel(
    { origin, headers }: ModelService,
    knowledge: ServiceKnowledge,
    model: string,
  ): Promise<boolean> {
    const url = new URL(`/v2/models/${encodeURIComponent(model)}`, origin).href;
    const answer = await this.client.get(url, { timeoutMs: TIMEOUT_MS, headers, maxBytes: MOST_BYTES });
    if (answer.status >= 500) return false;
    const isThere = isOk(answer) && readModelMetadata(answer.body) !== undefined;
    return knowledge.learnModel(model, isThere, this.clock.now());
  }
}

const isOk = ({ status }: ProbeAnswer): boolean => status >= 200 && status < 300;
