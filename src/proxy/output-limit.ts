import { findMembers, type Span } from './openai/json-members.js';

/** OpenAI's old and new name, and how often the answer is made. */
const WANTED = ['max_tokens', 'max_completion_tokens', 'n', 'parameters'] as const;
/** The Open Inference Protocol's `generate` has it one level further down. */
const NESTED = ['max_tokens'] as const;
/** More digits are no limit that anybody means. */
const COUNT = /^[1-9]\d{0,8}$/;
const MOST = 1_000_000_000;

/** The most tokens that a JSON request allows its answer to have; undefined when it sets no limit. */
export function outputLimitOf(body: Buffer): number | undefined {
  const spans = findMembers(body, WANTED)?.spans;
  if (!spans) return undefined;
  const limit =
    countIn(body, spans.get('max_completion_tokens')) ??
    countIn(body, spans.get('max_tokens')) ??
    nestedLimit(body, spans.get('parameters'));
  return limit === undefined ? undefined : Math.min(MOST, limit * (countIn(body, spans.get('n')) ?? 1));
}

function nestedLimit(body: Buffer, span: Span | undefined): number | undefined {
  if (!span) return undefined;
  const inner = body.subarray(span.start, span.end);
  return countIn(inner, findMembers(inner, NESTED)?.spans.get('max_tokens'));
}

function countIn(body: Buffer, span: Span | undefined): number | undefined {
  if (!span) return undefined;
  const text = body.toString('latin1', span.start, Math.min(span.end, span.start + 10));
  return span.end - span.start < 10 && COUNT.test(text) ? Number(text) : undefined;
}
