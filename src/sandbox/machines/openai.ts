import { randomUUID } from 'node:crypto';
import type { Exchange } from './exchange.js';
import { signatureOf } from './machine-identity.js';
import type { MachineStats } from './machine-stats.js';
import { readRequest, refuse, textOf, type CompletionRequest } from './openai-request.js';
import { complete, countTokens, type Completion } from './text.js';

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
  if (!request.stream) {
    exchange.sendJson(200, { ...head, choices: [wholeChoice(kind, completion)], usage });
    return;
  }
  const wantsUsage = request.stream_options?.include_usage === true;
  await exchange.stream(chunksOf(kind, head, completion, wantsUsage ? usage : undefined));
}

function* chunksOf(
  kind: Question['kind'],
  head: object,
  { tokens, finishReason }: Completion,
  usage: Usage | undefined,
): Generator {
  const chunk = (piece: object, finish: string | null = null): object => ({
    ...head,
    choices: [{ index: 0, ...piece, logprobs: null, finish_reason: finish }],
    ...(usage ? { usage: null } : {}),
  });
  if (kind === 'chat') yield chunk({ delta: { role: 'assistant', content: '' } });
  for (const token of tokens) yield chunk(kind === 'chat' ? { delta: { content: token } } : { text: token });
  yield chunk(kind === 'chat' ? { delta: {} } : { text: '' }, finishReason);
  if (usage) yield { ...head, choices: [], usage };
  yield '[DONE]';
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
