import type { DataPlaneRoute } from '../../data-plane.routes.js';
import { openInferenceProblem } from './open-inference-problem.js';

const COMMON = {
  handler: 'openinference',
  allowsUpgrade: false,
  forwardsPath: true,
  problemFormat: openInferenceProblem,
} as const;

interface ModelOperation {
  method: 'GET' | 'POST';
  /** Below the model or its version. */
  path: string;
  operationId: string;
  summary: string;
}

const MODEL_OPERATIONS: readonly ModelOperation[] = [
  {
    method: 'GET',
    path: '',
    operationId: 'getModelMetadata',
    summary: "A model's inputs, outputs and versions.",
  },
  { method: 'GET', path: '/ready', operationId: 'isModelReady', summary: 'Whether a model is ready.' },
  {
    method: 'POST',
    path: '/infer',
    operationId: 'inferModel',
    summary: 'Tensors in, tensors out, as JSON or with the binary tensor extension; bytes pass unchanged.',
  },
  { method: 'POST', path: '/generate', operationId: 'generateText', summary: 'Text in, text out.' },
  {
    method: 'POST',
    path: '/generate_stream',
    operationId: 'generateTextStream',
    summary: 'Text in, events with text out as they come.',
  },
];

/** The Open Inference Protocol's paths; names with slashes and extensions of servers come under the last. */
export const OPEN_INFERENCE_ROUTES: readonly DataPlaneRoute[] = [
  serverRoute(
    '/v2',
    'getServerMetadata',
    'Name, version and extensions of this server, or of the one in X-Pool.',
  ),
  serverRoute('/v2/health/live', 'isServerLive', 'Whether the server is live.'),
  serverRoute('/v2/health/ready', 'isServerReady', 'Whether an instance of yours is serving.'),
  ...MODEL_OPERATIONS.map((operation) => modelRoute('/v2/models/{model}', '', operation)),
  ...MODEL_OPERATIONS.map((operation) =>
    modelRoute('/v2/models/{model}/versions/{version}', 'OfVersion', operation),
  ),
  {
    ...COMMON,
    method: 'ANY',
    template: '/v2/{path}',
    documentedMethods: ['get', 'post'],
    operationId: 'callOpenInferenceServer',
    summary: 'Anything else: models whose names hold slashes, and extensions of the servers in X-Pool.',
  },
];

function serverRoute(template: string, operationId: string, summary: string): DataPlaneRoute {
  return { ...COMMON, method: 'GET', template, operationId, summary };
}

function modelRoute(prefix: string, suffix: string, operation: ModelOperation): DataPlaneRoute {
  const { method, path, operationId, summary } = operation;
  return {
    ...COMMON,
    method,
    template: `${prefix}${path}`,
    operationId: `${operationId}${suffix}`,
    summary,
  };
}
