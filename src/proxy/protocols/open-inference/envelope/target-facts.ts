import type { ModelMetadata } from '../models/model-answers.js';

/** What was found out about a model at a target. */
export interface TargetFacts {
  /** Undefined = not asked yet, null = it has none. */
  metadata?: ModelMetadata | null;
  /** What the OpenAI-compatible routes stand below, such as `/v1`. Undefined = not asked yet, null = there are none. */
  openAiBase?: string | null;
  /** The server has refused `generate` and taken `infer`. */
  refusesGenerate?: boolean;
  /** The questions and their answers, for whoever is told that nothing was found. */
  probed: readonly string[];
}
