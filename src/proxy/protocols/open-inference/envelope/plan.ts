import type { Dialect } from './dialect.js';
import type { InferenceRequest } from './inference-request.js';
import { promptsOf } from './prompts.js';
import { badField } from './envelope.errors.js';
import { objectSource, textParameters } from './text-parameters.js';

/** One way to put a request to a server. */
export interface Plan {
  dialect: Dialect;
  /** With its query; for gRPC nothing. */
  path: string;
  /** JSON text. */
  body: string;
  /** The next best way, when the server says that it has not got this one. */
  orElse?: Plan;
}

/** The paths of a model under a prefix such as `` or `/base`. */
export function modelPath(prefix: string, model: string): string {
  return `${prefix}/v2/models/${encodeURIComponent(model)}`;
}

/** @throws DomainError 422 for several prompts, messages */
export function generatePlan(request: InferenceRequest, path: string): Plan {
  const prompts = promptsOf(request, 'oip-generate');
  if (prompts.length > 1) throw badField('body.prompt', 'must be one text for oip-generate');
  const parameters = textParameters(request).set('stream', String(request.isStream));
  const body = objectSource([
    ['text_input', JSON.stringify(prompts[0])],
    ['parameters', objectSource(parameters)],
  ]);
  return { dialect: 'oip-generate', path, body };
}

/** The caller's own tensors; `model` is in the path, and the rest is none of our business. */
export function rawInferPlan({ sources }: InferenceRequest, dialect: Dialect, path: string): Plan {
  const members = [...sources].filter(([name]) => name !== 'model' && name !== 'stream');
  return { dialect, path, body: objectSource(members) };
}

/** @param base what `/completions` and `/chat/completions` stand below; undefined = `path` is complete */
export function openAiPlan(request: InferenceRequest, path: string, base: string | undefined): Plan {
  const { messages, sources, isStream, chatTemplate } = request;
  const members = new Map(sources);
  if (chatTemplate === 'plain') members.delete('chat_template');
  if (isStream) members.set('stream', 'true');
  const route = messages ? '/chat/completions' : '/completions';
  return {
    dialect: 'openai',
    path: base === undefined ? path : `${base}${route}`,
    body: objectSource(members),
  };
}
