import { objectSource } from './text-parameters.js';
import type { Dialect } from './dialect.js';

/** What all parts of one answer have in common. */
export interface CompletionHead {
  id: string;
  /** Epoch seconds. */
  created: number;
  model: string;
  dialect: Dialect;
}

/**
 * An OpenAI completion, with the server's own answer in `upstream.raw` as it was written. Tokens are not counted by this
 * protocol, nor does it say why a text ends: both are null and never made up.
 */
export function completionSource(head: CompletionHead, texts: readonly string[], raw: string): string {
  const upstream = objectSource([
    ['dialect', JSON.stringify(head.dialect)],
    ['raw', raw],
  ]);
  return objectSource([...common(head, texts.map(choiceSource)), ['usage', 'null'], ['upstream', upstream]]);
}

/** One event of a stream: a piece of one row's text. */
export function chunkEvent(head: CompletionHead, text: string, index: number): string {
  const upstream = JSON.stringify({ dialect: head.dialect });
  const chunk = objectSource([...common(head, [choiceSource(text, index)]), ['upstream', upstream]]);
  return `data: ${chunk}\n\n`;
}

/** OpenAI's own answer with one more member; undefined when it is no JSON object. */
export function withDialect(source: string, dialect: Dialect): string | undefined {
  const text = source.trim();
  if (!text.startsWith('{') || !isJson(text)) return undefined;
  const inner = text.slice(1, -1);
  const comma = inner.trim() === '' ? '' : ',';
  return `{${inner}${comma}"upstream":${JSON.stringify({ dialect })}}`;
}

export const DONE_EVENT = 'data: [DONE]\n\n';

function common({ id, created, model }: CompletionHead, choices: readonly string[]): [string, string][] {
  return [
    ['id', JSON.stringify(id)],
    ['object', '"text_completion"'],
    ['created', String(created)],
    ['model', JSON.stringify(model)],
    ['choices', `[${choices.join(',')}]`],
  ];
}

function choiceSource(text: string, index: number): string {
  return JSON.stringify({ index, text, logprobs: null, finish_reason: null });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
