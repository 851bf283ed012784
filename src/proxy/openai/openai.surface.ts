import { Injectable } from '@nestjs/common';
import type { Visit } from '../visit.js';
import { ModelsHandler } from './models.handler.js';
import { OpenAiHandler } from './openai.handler.js';

/** `/v1/*`: models are answered here, everything else by the instance that serves the model. */
@Injectable()
export class OpenAiSurface {
  constructor(
    private readonly models: ModelsHandler,
    private readonly forwarding: OpenAiHandler,
  ) {}

  /** @throws DomainError (or rejects) when the request is refused */
  serve(visit: Visit): void | Promise<void> {
    return visit.match.route.handler === 'openai_models'
      ? this.models.serve(visit)
      : this.forwarding.serve(visit);
  }
}
