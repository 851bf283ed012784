import type { DomainError } from '../common/domain-error.js';
import { creditsFromMicro } from '../common/money.js';
import type { Served } from './answer-sink.js';
import type { Exchange } from './exchange.js';
import { tooManyLongBodies, upstreamTooLarge } from './proxy.errors.js';
import type { MeteredSink } from './proxy.service.js';
import { SMALL_BODY_BYTES } from './request-body.js';
import { readAnswerHead, type AnswerHead } from './response-headers.js';
import { mayHoldUsage, readUsage, type TokenUsage } from './usage-tail.js';
import type { Visit } from './visit.js';

/** An answer that is not streamed is held in memory. */
const MOST_BYTES = 67_108_864;
/** And all that are longer than a small one together take so much of it. */
export const MOST_HELD_BYTES = 268_435_456;
let heldBytes = 0;
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\b/;
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Collects the upstream's answer and puts it into JSON. */
export class EnvelopeAnswer implements MeteredSink {
  private exchange: Exchange | undefined;
  private readonly chunks: Buffer[] = [];
  private size = 0;
  private held = 0;
  private status = 0;
  private answerHead: AnswerHead | undefined;
  private served: Served | undefined;
  private costMicro: number | undefined;

  constructor(private readonly visit: Visit) {}

  follow(exchange: Exchange): void {
    this.exchange = exchange;
    this.visit.response.on('close', () => {
      exchange.abort();
      this.free();
    });
  }

  get usage(): TokenUsage | undefined {
    const { contentType = '', contentEncoding } = this.answerHead ?? {};
    return mayHoldUsage(contentType, contentEncoding) ? readUsage(this.body()) : undefined;
  }

  charged(costMicro: number | undefined): void {
    this.costMicro = costMicro;
  }

  head(status: number, _reason: string, rawHeaders: readonly string[], served: Served): void {
    this.status = status;
    this.served = served;
    this.answerHead = readAnswerHead(status, rawHeaders);
  }

  data(chunk: Buffer): boolean {
    this.size += chunk.length;
    if (this.size > MOST_BYTES) this.exchange?.giveUp(upstreamTooLarge(MOST_BYTES));
    else if (this.size > SMALL_BODY_BYTES && !this.hold()) this.exchange?.giveUp(tooManyLongBodies());
    else this.chunks.push(chunk);
    return true;
  }

  end(): void {
    const { response } = this.visit;
    if (response.destroyed || !this.answerHead) return;
    const text = this.envelope(this.answerHead);
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    this.visit.answer(200, headers, Buffer.from(text), this.served);
  }

  refuse(error: DomainError, served: Served): void {
    this.visit.refuse(error, served);
  }

  /** The client has seen nothing yet, so a broken answer is an error like any other. */
  cut(error: DomainError): void {
    this.visit.refuse(error, this.served);
  }

  /** False when there is no room for more. */
  private hold(): boolean {
    heldBytes += this.size - this.held;
    this.held = this.size;
    return heldBytes <= MOST_HELD_BYTES;
  }

  private free(): void {
    heldBytes -= this.held;
    this.held = 0;
  }

  private body(): Buffer {
    return Buffer.concat(this.chunks);
  }

  /** Where the upstream has counted tokens, and where requests have a price. */
  private meteredMembers(): string[] {
    const { usage, costMicro = 0 } = this;
    const tokens = usage && { input_tokens: usage.inputTokens, output_tokens: usage.outputTokens };
    return [
      ...(tokens ? [`"usage":${JSON.stringify(tokens)}`] : []),
      ...(costMicro > 0 ? [`"cost":${creditsFromMicro(costMicro)}`] : []),
    ];
  }

  /** Written by hand around the upstream's JSON, which stays as it was written. */
  private envelope(head: AnswerHead): string {
    const members = [
      `"status_code":${this.status}`,
      `"headers":${JSON.stringify(headerObject(head))}`,
      ...bodyMembers(this.body(), head),
      `"duration_ms":${this.visit.durationMs}`,
      `"attempts":${this.served?.attempts ?? 1}`,
    ];
    if (this.served?.instanceId !== undefined) {
      members.push(`"instance_id":${JSON.stringify(this.served.instanceId)}`);
    }
    return `{${[...members, ...this.meteredMembers()].join(',')}}`;
  }
}

/** JSON as it is, else text, else base64. */
function bodyMembers(body: Buffer, { contentType, contentEncoding }: AnswerHead): string[] {
  const isPlain = contentEncoding === undefined || contentEncoding === 'identity';
  const text = isPlain ? decode(body) : undefined;
  if (text === undefined) return [`"body":"${body.toString('base64')}"`, '"body_encoding":"base64"'];
  if (JSON_TYPE.test(contentType) && isJson(text)) return [`"body":${text}`];
  return [`"body":${JSON.stringify(text)}`];
}

function decode(body: Buffer): string | undefined {
  try {
    return UTF8.decode(body);
  } catch {
    return undefined;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Names in lower case; repeated headers in one text, but for cookies, which cannot be joined. */
function headerObject({ headers, contentLength }: AnswerHead): Record<string, string | string[]> {
  // Without a prototype: `constructor` is a header name like any other.
  const object = Object.create(null) as Record<string, string | string[]>;
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index].toLowerCase();
    const value = headers[index + 1];
    const before = object[name];
    if (name === 'set-cookie') object[name] = [...(before ?? []), value];
    else if (name !== 'via') object[name] = before === undefined ? value : `${String(before)}, ${value}`;
  }
  return contentLength === undefined ? object : { ...object, 'content-length': contentLength };
}
