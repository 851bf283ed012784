import { MalformedAnswer } from './malformed-answer.js';

/** How the end of an answer's body is known (RFC 9112 section 6.3). */
export type BodyFraming = 'none' | 'length' | 'chunked' | 'until_close';

/** The status line and the fields of an answer. */
export interface WireHead {
  status: number;
  /** As received; may be empty. */
  reason: string;
  /** Name, value, name, value as received, one character a byte. */
  headers: string[];
  framing: BodyFraming;
  /** With framing `length`. */
  length: number;
  /** The connection may carry another request after this answer. */
  isReusable: boolean;
  /** What the upstream says it keeps an idle connection open for. */
  keepAliveMs: number | undefined;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([^\r\n]*))?\r\n/;
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
/** Control characters, and line ends that are not CR LF: two readers would see different fields. */
const FORBIDDEN = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n)|(?<!\r)\n/;
const DIGITS = /^\d{1,15}$/;
const KEEP_ALIVE_TIMEOUT = /\btimeout\s*=\s*(\d{1,6})/i;
const [NO_CONTENT, NOT_MODIFIED] = [204, 304];

/**
 * @param text status line and fields, each with its CR LF, without the empty line
 * @param method of the request: an answer to HEAD has no body
 * @throws MalformedAnswer
 */
export function parseHead(text: string, method: string): WireHead {
  const line = STATUS_LINE.exec(text);
  if (!line) throw new MalformedAnswer('bad status line');
  const status = Number(line[2]);
  const head: WireHead = {
    status,
    reason: line[3] ?? '',
    headers: parseFields(text, line[0].length),
    framing: 'until_close',
    length: 0,
    isReusable: line[1] === '1',
    keepAliveMs: undefined,
  };
  readFraming(head);
  if (method === 'HEAD' || status < 200 || status === NO_CONTENT || status === NOT_MODIFIED) {
    head.framing = 'none';
  }
  if (head.framing === 'until_close') head.isReusable = false;
  return head;
}

/**
 * Field lines from `start` to the end of the text, flat. Folded lines (RFC 9112 section 5.2) are refused.
 * @throws MalformedAnswer
 */
export function parseFields(text: string, start: number): string[] {
  if (FORBIDDEN.test(text)) throw new MalformedAnswer('forbidden character in a field');
  const fields: string[] = [];
  let at = start;
  while (at < text.length) {
    const end = text.indexOf('\r\n', at);
    const colon = text.indexOf(':', at);
    if (colon < 0 || colon > end) throw new MalformedAnswer('field without a colon');
    const name = text.slice(at, colon);
    if (!FIELD_NAME.test(name)) throw new MalformedAnswer('bad field name');
    fields.push(name, trimmed(text, colon + 1, end));
    at = end + 2;
  }
  return fields;
}

/** Without the blanks around it (RFC 9110 section 5.5); `trim` would take more than those. */
function trimmed(text: string, start: number, end: number): string {
  let [first, last] = [start, end];
  while (first < last && isBlank(text.charCodeAt(first))) first += 1;
  while (last > first && isBlank(text.charCodeAt(last - 1))) last -= 1;
  return text.slice(first, last);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Compared by length first: lower case costs more than all the rest. */
function readFraming(head: WireHead): void {
  const { headers } = head;
  let hasLength = false;
  let isChunked = false;
  for (let index = 0; index < headers.length; index += 2) {
    switch (headers[index].length) {
      case 10:
        readConnection(head, headers[index].toLowerCase(), headers[index + 1]);
        break;
      case 14:
        if (headers[index].toLowerCase() !== 'content-length') break;
        if (hasLength) throw new MalformedAnswer('two lengths');
        head.length = lengthOf(headers[index + 1]);
        hasLength = true;
        break;
      case 17:
        if (headers[index].toLowerCase() !== 'transfer-encoding') break;
        if (isChunked || headers[index + 1].toLowerCase() !== 'chunked')
          throw new MalformedAnswer('bad coding');
        isChunked = true;
        break;
      default:
    }
  }
  if (hasLength && isChunked) throw new MalformedAnswer('length and chunks');
  if (isChunked) head.framing = 'chunked';
  else if (hasLength) head.framing = 'length';
}

function lengthOf(value: string): number {
  if (!DIGITS.test(value)) throw new MalformedAnswer('bad length');
  return Number(value);
}

function readConnection(head: WireHead, name: string, value: string): void {
  if (name === 'connection') {
    if (value !== 'keep-alive' && /(?:^|,)\s*close\s*(?:,|$)/i.test(value)) head.isReusable = false;
  } else if (name === 'keep-alive') {
    const seconds = KEEP_ALIVE_TIMEOUT.exec(value)?.[1];
    if (seconds !== undefined) head.keepAliveMs = Number(seconds) * 1000;
  }
}
