import type { Exchange } from './exchange.js';

export interface CompletionRequest {
  model?: string;
  stream?: boolean;
  max_tokens?: number;
  max_completion_tokens?: number;
  stream_options?: { include_usage?: boolean };
  messages?: { role?: string; content?: unknown }[];
  prompt?: unknown;
  input?: unknown;
}

/** The parsed body, or undefined after an error has been answered. A request without a model gets the only one. */
export function readRequest(exchange: Exchange): CompletionRequest | undefined {
  const request = exchange.json() as CompletionRequest | undefined;
  if (!request) {
    refuse(exchange, 400, 'BadRequestError', 'The body is not a JSON object.', null);
    return undefined;
  }
  if (request.model === undefined || request.model === exchange.identity.model) return request;
  refuse(exchange, 404, 'NotFoundError', `The model \`${request.model}\` does not exist.`, 'model');
  return undefined;
}

/** OpenAI's error envelope. */
export function refuse(
  exchange: Exchange,
  status: number,
  type: string,
  message: string,
  parameter: string | null,
): void {
  exchange.sendJson(status, { error: { message, type, param: parameter, code: status } });
}

/** A message's text; of content parts the text ones. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content))
    return content === undefined || content === null ? '' : JSON.stringify(content);
  return content.map((part: { text?: unknown }) => (typeof part.text === 'string' ? part.text : '')).join('');
}
