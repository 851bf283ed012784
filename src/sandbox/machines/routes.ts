import { echo } from './echo.js';
import { embeddings } from './embeddings.js';
import type { Exchange } from './exchange.js';
import type { MachineStats } from './machine-stats.js';
import { metrics } from './metrics.js';
import * as openInference from './open-inference.js';
import { chatCompletions, completions, listModels } from './openai.js';

export type MachineHandler = (exchange: Exchange, stats: MachineStats) => void | Promise<void>;

const ROUTES: Readonly<Record<string, MachineHandler>> = {
  'GET /': (exchange) => exchange.send(200, 'text/plain', `sandbox machine ${exchange.identity.machineId}\n`),
  'GET /v1/models': listModels,
  'POST /v1/chat/completions': chatCompletions,
  'POST /v1/completions': completions,
  'POST /v1/embeddings': embeddings,
  'GET /metrics': metrics,
  'GET /version': (exchange) => exchange.sendJson(200, { version: '0.10.0+sandbox' }),
  'GET /v2': openInference.serverMetadata,
  'POST /v2/repository/index': openInference.repositoryIndex,
};

const HEALTH_PATHS = new Set(['/health', '/ping', '/v2/health/live', '/v2/health/ready']);

/** The model's name may hold slashes, escaped or not. */
const MODEL_PATH = /^\/v2\/models\/(.+?)(?:\/versions\/[^/]+)?(?:\/(ready|infer|generate|generate_stream))?$/;

const MODEL_ROUTES: Readonly<Record<string, MachineHandler>> = {
  'GET ': openInference.modelMetadata,
  'GET ready': openInference.modelReady,
  'POST infer': openInference.infer,
  'POST generate': openInference.generate,
  'POST generate_stream': openInference.generateStream,
};

export function isHealthPath(path: string): boolean {
  return HEALTH_PATHS.has(path);
}

export function handlerOf(method: string, path: string, model: string): MachineHandler {
  const trimmed = path.length > 1 ? path.replace(/\/+$/, '') : path;
  if (trimmed === '/echo' || trimmed.startsWith('/echo/')) return echo;
  if (HEALTH_PATHS.has(trimmed)) return (exchange) => exchange.send(200, 'text/plain', '');
  const modelPath = MODEL_PATH.exec(trimmed);
  if (modelPath) return modelHandler(method, modelPath, model);
  return ROUTES[`${method} ${trimmed}`] ?? notFound;
}

function modelHandler(method: string, [, name, verb = '']: RegExpExecArray, model: string): MachineHandler {
  if (decodeURIComponent(name) !== model) {
    return (exchange) =>
      exchange.sendJson(404, { error: `Request for unknown model: '${name}' is not found` });
  }
  return MODEL_ROUTES[`${method} ${verb}`] ?? notFound;
}

const notFound: MachineHandler = (exchange) => exchange.sendJson(404, { detail: 'Not Found' });
