import { hashText, SeededRandom } from '../random.js';
import type { Exchange } from './exchange.js';
import type { MachineStats } from './machine-stats.js';
import { readRequest, refuse, textOf } from './openai-request.js';
import { countTokens } from './text.js';

const DIMENSIONS = 16;

export function embeddings(exchange: Exchange, stats: MachineStats): void {
  const request = readRequest(exchange);
  if (!request) return;
  if (request.input === undefined) {
    refuse(exchange, 400, 'BadRequestError', '`input` is missing.', 'input');
    return;
  }
  const inputs = (Array.isArray(request.input) ? request.input : [request.input]).map(textOf);
  const promptTokens = inputs.reduce((sum, text) => sum + countTokens(text), 0);
  stats.countTokens(promptTokens, 0);
  exchange.sendJson(200, {
    object: 'list',
    model: exchange.identity.model,
    data: inputs.map((text, index) => ({ object: 'embedding', index, embedding: embed(text) })),
    usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
  });
}

/** A unit vector that depends on the text alone. */
function embed(text: string): number[] {
  const random = new SeededRandom(hashText(text));
  const vector = Array.from({ length: DIMENSIONS }, () => random.between(-1, 1));
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}
