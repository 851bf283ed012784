import { HOP_BY_HOP, PSEUDONYM, namedByConnection } from './hop-by-hop.js';

/** Ours replace the upstream's. */
const REPLACED = [
  'x-request-id',
  'x-gpuproxy-instance',
  'x-gpuproxy-attempts',
  'ratelimit',
  'ratelimit-policy',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-expose-headers',
  'access-control-max-age',
];

const SPECIAL: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  ...REPLACED,
  'via',
  'content-length',
  'content-type',
  'content-encoding',
]);

/** The upstream's head, read once: what goes on to the client and what we want to know about it. */
export interface AnswerHead {
  /** End-to-end headers, flat, as received; framing and ours are not among them. */
  headers: string[];
  contentType: string;
  contentEncoding: string | undefined;
  /** Absent when the length is not known beforehand, or when the status has no body. */
  contentLength: string | undefined;
  /** Trailers that the upstream announced. */
  trailer: string | undefined;
}

const NO_CONTENT = 204;

export function readAnswerHead(status: number, rawHeaders: readonly string[]): AnswerHead {
  const head: AnswerHead = {
    headers: [],
    contentType: '',
    contentEncoding: undefined,
    contentLength: undefined,
    trailer: undefined,
  };
  let via = '';
  let connection: string | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    const value = rawHeaders[index + 1];
    const lower = name.toLowerCase();
    if (!SPECIAL.has(lower)) head.headers.push(name, value);
    else if (lower === 'via') via += `${value}, `;
    else if (lower === 'connection') connection = connection === undefined ? value : `${connection},${value}`;
    else takeSpecial(head, lower, name, value);
  }
  if (status === NO_CONTENT) head.contentLength = undefined;
  dropNamed(head.headers, connection);
  head.headers.push('via', `${via}1.1 ${PSEUDONYM}`);
  return head;
}

function takeSpecial(head: AnswerHead, lower: string, name: string, value: string): void {
  switch (lower) {
    case 'content-length':
      head.contentLength = value;
      return;
    case 'content-type':
      head.contentType = value.toLowerCase();
      head.headers.push(name, value);
      return;
    case 'content-encoding':
      head.contentEncoding = value;
      head.headers.push(name, value);
      return;
    case 'trailer':
      head.trailer = value;
      return;
    default:
  }
}

function dropNamed(headers: string[], connection: string | undefined): void {
  const named = namedByConnection(connection);
  if (named.size === 0) return;
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    if (!named.has(headers[index].toLowerCase())) kept.push(headers[index], headers[index + 1]);
  }
  headers.splice(0, headers.length, ...kept);
}
