import {
  QUOTE,
  BACKSLASH,
  OPEN_BRACE,
  CLOSE_BRACE,
  OPEN_BRACKET,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  LONGEST_NAME_BYTES,
  NOWHERE,
} from './json-bytes.js';

/** Where a value stands in the source. */
export interface Span {
  start: number;
  /** Behind its last byte. */
  end: number;
}

export interface JsonMembers {
  /** Of the wanted members those that are there. */
  spans: ReadonlyMap<string, Span>;
  /** Wanted and there twice: two readers could understand the object differently. */
  duplicate: string | undefined;
}

const WINDOW_BYTES = 64;

/**
 * Finds members of a JSON object in its bytes, without parsing it: the values in between are jumped over, a prompt of
 * many megabytes by its quotes. Undefined when the source is no object, as far as one can see in passing: what stands
 * inside of values is not checked.
 */
export function findMembers(source: Buffer, wanted: readonly string[]): JsonMembers | undefined {
  const spans = new Map<string, Span>();
  let duplicate: string | undefined;
  let at = skipSpace(source, 0);
  if (source[at] !== OPEN_BRACE) return undefined;
  at = skipSpace(source, at + 1);
  if (source[at] === CLOSE_BRACE) return { spans, duplicate };
  for (;;) {
    const nameEnd = source[at] === QUOTE ? endOfString(source, at) : NOWHERE;
    if (nameEnd === NOWHERE) return undefined;
    const colon = skipSpace(source, nameEnd);
    const start = skipSpace(source, colon + 1);
    const end = source[colon] === COLON ? endOfValue(source, start) : NOWHERE;
    if (end === NOWHERE) return undefined;
    const name = nameIn(source, at + 1, nameEnd - 1);
    if (wanted.includes(name)) {
      if (spans.has(name)) duplicate = name;
      spans.set(name, { start, end });
    }
    at = skipSpace(source, end);
    if (source[at] === CLOSE_BRACE) return { spans, duplicate };
    if (source[at] !== COMMA) return undefined;
    at = skipSpace(source, at + 1);
  }
}

/** A string's text; undefined when the value is no string. */
export function textOf(source: Buffer, { start, end }: Span): string | undefined {
  if (source[start] !== QUOTE) return undefined;
  try {
    return JSON.parse(source.toString('utf8', start, end)) as string;
  } catch {
    return undefined;
  }
}

/** Behind the white space of JSON. */
export function skipSpace(source: Buffer, at: number): number {
  let next = at;
  while (isSpace(source[next])) next += 1;
  return next;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function nameIn(source: Buffer, start: number, end: number): string {
  if (end - start > LONGEST_NAME_BYTES) return '';
  const name = source.toString('latin1', start, end);
  return name.includes('\\') ? (textOf(source, { start: start - 1, end: end + 1 }) ?? '') : name;
}

/**
 * Behind the closing quote; `start` is the opening one. Bytes are looked at one by one as long as there are quotes among
 * them; a native search, which costs as much as fifty bytes, jumps over text without any.
 */
function endOfString(source: Buffer, start: number): number {
  let at = start + 1;
  for (;;) {
    const windowEnd = Math.min(source.length, at + WINDOW_BYTES);
    while (at < windowEnd) {
      if (source[at] === QUOTE) return at + 1;
      at += source[at] === BACKSLASH ? 2 : 1;
    }
    const quote = source.indexOf(QUOTE, at);
    if (quote === NOWHERE) return NOWHERE;
    if (!isEscaped(source, quote, at)) return quote + 1;
    at = quote + 1;
  }
}

/** @param from no escape begins before and reaches beyond it */
function isEscaped(source: Buffer, at: number, from: number): boolean {
  let first = at;
  while (first > from && source[first - 1] === BACKSLASH) first -= 1;
  return (at - first) % 2 === 1;
}

function endOfValue(source: Buffer, start: number): number {
  const first = source[start];
  if (first === QUOTE) return endOfString(source, start);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return endOfNested(source, start);
  return endOfScalar(source, start);
}

function endOfNested(source: Buffer, start: number): number {
  let depth = 0;
  for (let at = start; at < source.length; at += 1) {
    const byte = source[at];
    if (byte === QUOTE) {
      const end = endOfString(source, at);
      if (end === NOWHERE) return NOWHERE;
      at = end - 1;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return NOWHERE;
}

/** A number or a word; NOWHERE when there is nothing. */
function endOfScalar(source: Buffer, start: number): number {
  let at = start;
  while (at < source.length && !isSpace(source[at]) && source[at] !== COMMA && source[at] !== CLOSE_BRACE) {
    at += 1;
  }
  return at === start ? NOWHERE : at;
}
