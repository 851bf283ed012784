import type { DataPlaneRoute } from '../data-plane.routes.js';
import { openAiProblem } from './openai-problem.js';

const COMMON = { allowsUpgrade: false, forwardsPath: true, problemFormat: openAiProblem } as const;

/** The OpenAI-compatible surface; whatever is not named has no model, or one that is read from its JSON. */
export const OPENAI_ROUTES: readonly DataPlaneRoute[] = [
  {
    ...COMMON,
    method: 'GET',
    template: '/v1/models',
    handler: 'openai_models',
    operationId: 'listModels',
    summary: 'The models that your pools serve, and which pools serve each; X-Pool asks for one pool.',
  },
  {
    ...COMMON,
    method: 'GET',
    template: '/v1/models/{model}',
    handler: 'openai_models',
    parameterTakesSlashes: true,
    operationId: 'getModel',
    summary: 'One model, by its name or as pool/model.',
  },
  {
    ...COMMON,
    method: 'POST',
    template: '/v1/chat/completions',
    handler: 'openai',
    operationId: 'createChatCompletion',
    summary:
      'A chat completion from an instance that serves the model; stream: true sends events as they come.',
  },
  {
    ...COMMON,
    method: 'POST',
    template: '/v1/completions',
    handler: 'openai',
    operationId: 'createCompletion',
    summary: 'A completion from an instance that serves the model; stream: true sends events as they come.',
  },
  {
    ...COMMON,
    method: 'POST',
    template: '/v1/embeddings',
    handler: 'openai',
    operationId: 'createEmbedding',
    summary: 'Embeddings from an instance that serves the model.',
  },
  {
    ...COMMON,
    method: 'ANY',
    template: '/v1/{path}',
    handler: 'openai',
    documentedMethods: ['get', 'post', 'delete'],
    operationId: 'callInferenceServer',
    summary:
      'Any other route of an inference server: by the model in its JSON, or to the pool in X-Pool; bytes pass unchanged.',
  },
];
