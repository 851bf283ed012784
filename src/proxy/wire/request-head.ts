import { unsendableRequest } from '../proxy.errors.js';

/** Methods that promise a body: without one they say so (RFC 9110 section 8.6). */
const WITH_CONTENT = new Set(['POST', 'PUT', 'PATCH']);
const METHOD = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
const PATH = /^[\x21-\x7e\x80-\xff]+$/;
const FIELD_NAME = METHOD;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const DIGITS = /^\d{1,15}$/;

/** A request's head and what it says about the body. */
export interface RequestHead {
  /** One character a byte. */
  text: string;
  /** Of a body that is streamed: what the head promises; undefined = chunks. */
  length: number | undefined;
}

export interface HeadParts {
  method: string;
  /** Origin-form. */
  path: string;
  /** Flat. Host, Connection and Transfer-Encoding are ours to say. */
  headers: readonly string[];
  /** Bytes of a body in one piece; undefined for one that is streamed, null for none. */
  bodyBytes: number | undefined | null;
}

/**
 * Everything is checked once more right before it is written: some of it comes out of JSON, and one line feed in a
 * value would be another request.
 * @throws DomainError 400 `malformed_request`
 */
export function writeHead(host: string, { method, path, headers, bodyBytes }: HeadParts): RequestHead {
  if (!METHOD.test(method) || !PATH.test(path)) throw unsendableRequest(new Error('bad request line'));
  let text = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`;
  let length: number | undefined;
  for (let index = 0; index < headers.length; index += 2) {
    const [name, value] = [headers[index], headers[index + 1]];
    if (!FIELD_NAME.test(name) || !FIELD_VALUE.test(value)) throw unsendableRequest(new Error('bad header'));
    if (isLength(name)) length = lengthOf(value, length);
    else if (isOurs(name)) throw unsendableRequest(new Error(`header ${name} is not the caller's`));
    else text += `${name}: ${value}\r\n`;
  }
  return endHead(text, method, bodyBytes, length);
}

function endHead(
  text: string,
  method: string,
  bodyBytes: number | undefined | null,
  length: number | undefined,
): RequestHead {
  if (bodyBytes === undefined) {
    const framing = length === undefined ? 'transfer-encoding: chunked' : `content-length: ${length}`;
    return { text: `${text}${framing}\r\n\r\n`, length };
  }
  if (length !== undefined && length !== (bodyBytes ?? 0)) throw unsendableRequest(new Error('wrong length'));
  const saysLength = bodyBytes !== null || WITH_CONTENT.has(method);
  return { text: saysLength ? `${text}content-length: ${bodyBytes ?? 0}\r\n\r\n` : `${text}\r\n`, length };
}

function isLength(name: string): boolean {
  return name.length === 14 && name.toLowerCase() === 'content-length';
}

function lengthOf(value: string, before: number | undefined): number {
  if (before !== undefined || !DIGITS.test(value)) throw unsendableRequest(new Error('bad length'));
  return Number(value);
}

/** By length first: lower case costs more than all the rest. */
function isOurs(name: string): boolean {
  switch (name.length) {
    case 4:
      return name.toLowerCase() === 'host';
    case 7:
      return name.toLowerCase() === 'upgrade';
    case 10:
      return name.toLowerCase() === 'connection' || name.toLowerCase() === 'keep-alive';
    case 17:
      return name.toLowerCase() === 'transfer-encoding';
    default:
      return false;
  }
}
