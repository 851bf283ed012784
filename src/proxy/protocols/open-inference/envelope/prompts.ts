import { badField, messagesNotTaken } from './envelope.errors.js';
import type { Dialect } from './dialect.js';
import type { InferenceRequest } from './inference-request.js';

const PLAIN = 'plain';

/** True when messages would have to be made into a text, and the caller has not asked for that. */
export function needsChat({ messages, chatTemplate }: InferenceRequest): boolean {
  return messages !== undefined && chatTemplate !== PLAIN;
}

/**
 * The texts for a model that takes nothing else, one a row.
 * @throws DomainError 422 for messages without chat_template "plain", and for prompts that are no texts
 */
export function promptsOf(request: InferenceRequest, dialect: Dialect): string[] {
  if (needsChat(request)) throw messagesNotTaken(dialect);
  if (request.messages) return [plainText(request.messages)];
  const prompts: unknown[] = Array.isArray(request.prompt) ? request.prompt : [request.prompt];
  const texts = prompts.filter((prompt) => typeof prompt === 'string');
  if (texts.length === 0 || texts.length < prompts.length) {
    throw badField('body.prompt', `must be a text or a list of texts for ${dialect}`);
  }
  return texts;
}

/** `role: content`, one message below the other, and the word to the assistant. */
function plainText(messages: readonly unknown[]): string {
  const lines = messages.map((message, index) => {
    const { role, content } = (message ?? {}) as Record<string, unknown>;
    const text = textOf(content);
    if (typeof role !== 'string' || text === undefined) {
      throw badField(`body.messages.${index}`, 'must hold a role and a content of text');
    }
    return `${role}: ${text}`;
  });
  return [...lines, 'assistant:'].join('\n');
}

/** A text, or OpenAI's list of parts when all of them are text. */
function textOf(content: unknown): string | undefined {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return undefined;
  const texts = content.map((part) => (part as { text?: unknown } | null)?.text);
  return texts.every((text) => typeof text === 'string') ? texts.join('') : undefined;
}
