const NEXT_BRACKET_OR_STRING = /["{}[\]]/g;
const END_OF_SCALAR = /[\s,\]}]/g;

/**
 * The source text of each member of a JSON object, so that a value can be passed on as it was written: numbers beyond
 * 2^53 and `1.0` do not survive being parsed.
 * @param text must be a valid JSON object; of members with the same name the last counts, as for JSON.parse
 */
export function memberSources(text: string): Map<string, string> {
  const sources = new Map<string, string>();
  let at = skipSpace(text, text.indexOf('{') + 1);
  while (text[at] === '"') {
    const keyEnd = endOfString(text, at);
    const key = JSON.parse(text.slice(at, keyEnd)) as string;
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = endOfValue(text, start);
    sources.set(key, text.slice(start, end));
    at = skipSpace(text, skipSpace(text, end) + 1);
  }
  return sources;
}

function skipSpace(text: string, at: number): number {
  let next = at;
  while (next < text.length && ' \t\r\n'.includes(text[next])) next += 1;
  return next;
}

/** Strings are jumped over by their quotes: a body may be one string of many megabytes. */
function endOfString(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1);
  while (isEscaped(text, quote)) quote = text.indexOf('"', quote + 1);
  return quote + 1;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text[first - 1] === '\\') first -= 1;
  return (at - first) % 2 === 1;
}

function endOfValue(text: string, start: number): number {
  if (text[start] === '"') return endOfString(text, start);
  if (text[start] === '{' || text[start] === '[') return endOfNested(text, start);
  END_OF_SCALAR.lastIndex = start;
  return END_OF_SCALAR.exec(text)?.index ?? text.length;
}

function endOfNested(text: string, start: number): number {
  let depth = 0;
  let at = start;
  do {
    NEXT_BRACKET_OR_STRING.lastIndex = at;
    const found = NEXT_BRACKET_OR_STRING.exec(text);
    if (!found) return text.length;
    const isString = found[0] === '"';
    if (!isString) depth += found[0] === '{' || found[0] === '[' ? 1 : -1;
    at = isString ? endOfString(text, found.index) : found.index + 1;
  } while (depth > 0);
  return at;
}
