import { findMembers, skipSpace, textOf, type Span } from './json-members.js';
import { duplicateMember, malformedModel } from './openai.errors.js';

/** What routing and metering need to know of a JSON body; its other members are never looked at. */
export interface CompletionRequest {
  /** Undefined when the body names none. */
  model: { text: string; span: Span } | undefined;
  isStream: boolean;
  /** Where to put what asks for the usage of a stream; undefined when the caller has asked, or there is no stream. */
  usageQuestion: Splice | undefined;
}

/** Bytes to take out of a body and bytes to put in their place. */
export interface Splice {
  at: number;
  remove: number;
  insert: string;
}

const WANTED = ['model', 'stream', 'stream_options'] as const;
const LONGEST_MODEL = 512;
const ASK = '"include_usage":true';
/** Behind another member of the body. */
export const USAGE_QUESTION = `,"stream_options":{${ASK}}`;

/**
 * Undefined when the body is no JSON object.
 * @throws DomainError 400 for a member that is there twice, or a model that is no text
 */
export function readCompletionRequest(body: Buffer): CompletionRequest | undefined {
  const found = findMembers(body, WANTED);
  if (!found) return undefined;
  if (found.duplicate !== undefined) throw duplicateMember(found.duplicate);
  const { spans } = found;
  const stream = spans.get('stream');
  const isStream = stream !== undefined && isWord(body, stream, 'true');
  return {
    model: readModel(body, spans.get('model')),
    isStream,
    usageQuestion: isStream ? usageQuestion(body, stream, spans.get('stream_options')) : undefined,
  };
}

/** The body with its splices applied; the same bytes elsewhere. */
export function applySplices(body: Buffer, splices: readonly Splice[]): Buffer {
  if (splices.length === 0) return body;
  const parts: Buffer[] = [];
  let from = 0;
  for (const { at, remove, insert } of [...splices].sort((a, b) => a.at - b.at)) {
    parts.push(body.subarray(from, at), Buffer.from(insert));
    from = at + remove;
  }
  parts.push(body.subarray(from));
  return Buffer.concat(parts);
}

/** Gives the model another name. */
export function renameModel({ start, end }: Span, name: string): Splice {
  return { at: start, remove: end - start, insert: JSON.stringify(name) };
}

/**
 * The name in a value; undefined for null.
 * @throws DomainError 400 for a model that is no text
 */
export function readModelText(body: Buffer, span: Span): string | undefined {
  if (isWord(body, span, 'null')) return undefined;
  const text = span.end - span.start > 6 * LONGEST_MODEL ? undefined : textOf(body, span);
  if (text === undefined || text === '' || text.length > LONGEST_MODEL) throw malformedModel();
  return text;
}

function readModel(body: Buffer, span: Span | undefined): CompletionRequest['model'] {
  const text = span && readModelText(body, span);
  return span && text !== undefined ? { text, span } : undefined;
}

function usageQuestion(body: Buffer, stream: Span, options: Span | undefined): Splice | undefined {
  if (!options) return { at: stream.end, remove: 0, insert: USAGE_QUESTION };
  const question = usageQuestionIn(body.subarray(options.start, options.end));
  return question && { ...question, at: options.start + question.at };
}

/**
 * How the value of `stream_options` comes to ask for the usage; undefined when it does, or is the upstream's to refuse.
 * @throws DomainError 400 for a member that is there twice
 */
export function usageQuestionIn(options: Buffer): Splice | undefined {
  const whole = { start: 0, end: options.length };
  if (isWord(options, whole, 'null')) return replace(whole, `{${ASK}}`);
  const found = findMembers(options, ['include_usage']);
  if (!found) return undefined;
  if (found.duplicate !== undefined) throw duplicateMember(found.duplicate);
  const asked = found.spans.get('include_usage');
  if (asked) return isWord(options, asked, 'true') ? undefined : overrule(options, asked);
  const isEmpty = options[skipSpace(options, 1)] === 0x7d;
  return { at: 1, remove: 0, insert: isEmpty ? ASK : `${ASK},` };
}

/** Anything but false and null is the upstream's to refuse. */
function overrule(options: Buffer, asked: Span): Splice | undefined {
  return isWord(options, asked, 'false') || isWord(options, asked, 'null')
    ? replace(asked, 'true')
    : undefined;
}

function replace({ start, end }: Span, insert: string): Splice {
  return { at: start, remove: end - start, insert };
}

function isWord(source: Buffer, { start, end }: Span, word: string): boolean {
  return end - start === word.length && source.toString('latin1', start, end) === word;
}
