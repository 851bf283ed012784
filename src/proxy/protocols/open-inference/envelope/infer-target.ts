import type { HttpAnswer } from '../../mcp/mcp-http.js';
import type { ModelMetadata } from '../models/model-answers.js';
import type { Plan } from './plan.js';

/** An answer to a question, and the question with its answer in words. */
export interface Told<T> {
  /** Undefined = the target has not got it. */
  value: T | undefined;
  words: string;
}

/** One instance or URL that a request may be put to, over HTTP or gRPC. All methods reject with SendFailure or DomainError. */
export interface InferTarget {
  /** What is found out about a target counts for all with the same key. */
  readonly key: string;
  /** @param path of the model */
  metadata(path: string, model: string): Promise<Told<ModelMetadata>>;
  /** Whether there is a list of models in OpenAI's manner. */
  hasOpenAi(base: string): Promise<Told<true>>;
  /** The answer in the JSON of the REST protocol, whatever the transport. */
  send(plan: Plan): Promise<HttpAnswer>;
}
