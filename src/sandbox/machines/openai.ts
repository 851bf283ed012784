import { randomUUID } from 'node:crypto';
import type { Exchange } from './exchange.js';
import { signatureOf } from './machine-identity.js';
import type { MachineStats } from './machine-stats.js';
import { complete, countTokens, type Completion } from './text.js';

interface CompletionRequest {
  model?: string;
  stream?: boolean;
  max_tokens?: number;
  max_completion_tokens?: number;
  stream_options?: { include_usage?: boolean };
  messages?: { role?: string; content?: unknown }[];
  prompt?: unknown;
}

interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
}

export function listModels(exchange: Exchange): void {
  const { model } = exchange.identity;
  const created = Math.floor(Date.now() / 1000);
  const entry = {
    id: model,
    object: 'model',
    created,
    owned_by: 'sandbox',
    root: model,
    max_model_len: 8192,
  };
  exchange.sendJson(200, { object: 'list', data: [entry] });
}

export async function chatCompletions(exchange: Exchange, stats: MachineStats): Promise<void> {
  const request = readRequest(exchange);
  if (!request) return;
  if (!Array.isArray(request.messages) || request.messages.length === 0) {
    refuse(exchange, 400, 'BadRequestError', '`messages` must be a non-empty list.', 'messages');
    return;
  }
  const prompt = request.messages.map(({ content }) => textOf(content)).join('\n');
  const lastWords = textOf(request.messages.at(-1)?.content);
  await answer(exchange, stats, request, { kind: 'chat', prompt, question: lastWords });
}

export async function completions(exchange: Exchange, stats: MachineStats): Promise<void> {
  const request = readRequest(exchange);
  if (!request) return;
  const prompt = Array.isArray(request.prompt)
    ? request.prompt.map(textOf).join('\n')
    : textOf(request.prompt);
  await answer(exchange, stats, request, { kind: 'text', prompt, question: prompt });
}

interface Question {
  kind: 'chat' | 'text';
  /** Everything that was sent, for the usage. */
  prompt: string;
  /** What is answered. */
  question: string;
}

async function answer(
  exchange: Exchange,
  stats: MachineStats,
  request: CompletionRequest,
  { kind, prompt, question }: Question,
): Promise<void> {
  const maxTokens = request.max_completion_tokens ?? request.max_tokens;
  const completion = complete(question, signatureOf(exchange.identity), maxTokens);
  const usage = usageOf(prompt, completion);
  stats.countTokens(usage.prompt_tokens, usage.completion_tokens);
  const head = headOf(exchange, kind, request.stream === true);
  if (request.stream)
    await stream(exchange, head, kind, completion, request.stream_options?.include_usage ? usage : undefined);
  else exchange.sendJson(200, { ...head, choices: [wholeChoice(kind, completion)], usage });
}

async function stream(
  exchange: Exchange,
  head: object,
  kind: Question['kind'],
  completion: Completion,
  usage: Usage | undefined,
): Promise<void> {
  exchange.openStream();
  const chunk = (choice: object): object => ({
    ...head,
    choices: [{ index: 0, ...choice }],
    ...(usage ? { usage: null } : {}),
  });
  if (
    kind === 'chat' &&
    !(await exchange.event(chunk({ delta: { role: 'assistant', content: '' }, finish_reason: null })))
  )
    return;
  for (const token of completion.tokens) {
    const piece = kind === 'chat' ? { delta: { content: token } } : { text: token };
    if (!(await exchange.event(chunk({ ...piece, finish_reason: null })))) return;
  }
  const end = kind === 'chat' ? { delta: {} } : { text: '' };
  if (!(await exchange.event(chunk({ ...end, finish_reason: completion.finishReason })))) return;
  if (usage && !(await exchange.event({ ...head, choices: [], usage }))) return;
  if (await exchange.event('[DONE]')) exchange.endStream();
}

function headOf(exchange: Exchange, kind: Question['kind'], isStream: boolean): object {
  const object = kind === 'text' ? 'text_completion' : `chat.completion${isStream ? '.chunk' : ''}`;
  const id = `${kind === 'chat' ? 'chatcmpl' : 'cmpl'}-${randomUUID()}`;
  return { id, object, created: Math.floor(Date.now() / 1000), model: exchange.identity.model };
}

function wholeChoice(kind: Question['kind'], { tokens, finishReason }: Completion): object {
  const text = tokens.join('');
  const content = kind === 'chat' ? { message: { role: 'assistant', content: text } } : { text };
  return { index: 0, ...content, logprobs: null, finish_reason: finishReason };
}

function usageOf(prompt: string, { tokens }: Completion): Usage {
  const promptTokens = countTokens(prompt);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: tokens.length,
    total_tokens: promptTokens + tokens.length,
  };
}

/** The parsed body, or undefined after an error has been answered. */
function readRequest(exchange: Exchange): CompletionRequest | undefined {
  const request = exchange.json() as CompletionRequest | undefined;
  if (!request) {
    refuse(exchange, 400, 'BadRequestError', 'The body is not a JSON object.', null);
    return undefined;
  }
  if (request.model === undefined || request.model === exchange.identity.model) return request;
  refuse(exchange, 404, 'NotFoundError', `The model \`${request.model}\` does not exist.`, 'model');
  return undefined;
}

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

export { readRequest };
