import { Injectable } from '@nestjs/common';
import { McpHandler } from './mcp/mcp.handler.js';
import { OpenAiSurface } from './openai/openai.surface.js';
import { OpenInferenceHandler } from './protocols/open-inference/surface/open-inference.handler.js';
import type { Visit } from './visit.js';

/** The paths that belong to a protocol of their own. */
@Injectable()
export class ProtocolSurfaces {
  constructor(
    private readonly mcp: McpHandler,
    private readonly openAi: OpenAiSurface,
    private readonly openInference: OpenInferenceHandler,
  ) {}

  /** @throws DomainError (or rejects) when the request is refused */
  serve(visit: Visit, protocol: 'mcp' | 'openai' | 'openai_models' | 'openinference'): void | Promise<void> {
    switch (protocol) {
      case 'mcp':
        return this.mcp.serve(visit);
      case 'openai':
      case 'openai_models':
        return this.openAi.serve(visit);
      case 'openinference':
        return this.openInference.serve(visit);
    }
  }
}
