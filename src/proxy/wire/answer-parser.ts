import { parseFields, parseHead, type WireHead } from './answer-head.js';
import { MalformedAnswer } from './malformed-answer.js';

/** Told what the bytes mean, in order. */
export interface AnswerReader {
  /** The final head; informational ones are skipped. */
  onHead(head: WireHead): void;
  onBody(chunk: Buffer): void;
  onComplete(trailers: readonly string[]): void;
}

type State = 'idle' | 'head' | 'length' | 'chunk_size' | 'chunk' | 'chunk_end' | 'trailers' | 'until_close';

const MAX_HEAD_BYTES = 32_768;
/** A chunk's size with its extensions. */
const MAX_SIZE_LINE_BYTES = 4096;
const MOST_INFORMATIONAL = 32;
const SWITCHING_PROTOCOLS = 101;
const END_OF_HEAD = Buffer.from('\r\n\r\n');
const BEGINNING = 'HTTP/1.';
const [CR, LF] = [0x0d, 0x0a];
const CHUNK_SIZE = /^([\da-fA-F]{1,13})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/;
const NO_TRAILERS: readonly string[] = [];

/**
 * Reads the answers of one connection, one request at a time, as strictly as RFC 9112 allows: whatever two readers
 * could understand differently is refused. Bodies are passed on as they come, never copied.
 */
export class AnswerParser {
  private state: State = 'idle';
  private method = '';
  private informational = 0;
  private data: Buffer = Buffer.alloc(0);
  private at = 0;
  /** The beginning of something whose end has not come yet. */
  private pending: Buffer | undefined;
  /** Of the body or chunk that is being read. */
  private bytesLeft = 0;

  constructor(private readonly reader: AnswerReader) {}

  /** A request was sent: its answer is next. */
  expect(method: string): void {
    this.method = method;
    this.informational = 0;
    this.pending = undefined;
    this.state = 'head';
  }

  /** Nobody listens any more. */
  stop(): void {
    this.state = 'idle';
  }

  /**
   * @returns false when there are bytes that belong to no answer: the connection is of no more use
   * @throws MalformedAnswer, and what the reader throws
   */
  push(data: Buffer): boolean {
    this.data = this.pending ? Buffer.concat([this.pending, data]) : data;
    this.pending = undefined;
    this.at = 0;
    while (this.at < this.data.length) {
      if (this.state === 'idle') return false;
      if (this.step()) continue;
      this.pending = this.data.subarray(this.at);
      break;
    }
    return true;
  }

  /** The upstream has ended the connection; that completes a body without length or chunks. */
  finish(): void {
    if (this.state === 'until_close') this.complete(NO_TRAILERS);
  }

  /** False: it takes more bytes to go on. */
  private step(): boolean {
    switch (this.state) {
      case 'head':
        return this.readHead();
      case 'length':
      case 'chunk':
        return this.readBytes();
      case 'chunk_size':
        return this.readChunkSize();
      case 'chunk_end':
        return this.readChunkEnd();
      case 'trailers':
        return this.readTrailers();
      default:
        return this.readRest();
    }
  }

  private readHead(): boolean {
    const { data, at } = this;
    const end = data.indexOf(END_OF_HEAD, at);
    if (end < 0) return this.awaitHead();
    if (end - at > MAX_HEAD_BYTES) throw new MalformedAnswer('head too long');
    const head = parseHead(data.toString('latin1', at, end + 2), this.method);
    this.at = end + END_OF_HEAD.length;
    if (head.status < 200) this.skipInformational(head);
    else this.begin(head);
    return true;
  }

  /** What cannot become a head is refused at once, not when a time-out is over. */
  private awaitHead(): false {
    const { data, at } = this;
    const start = data.toString('latin1', at, at + BEGINNING.length);
    if (!BEGINNING.startsWith(start)) throw new MalformedAnswer('not HTTP/1');
    if (data.length - at > MAX_HEAD_BYTES) throw new MalformedAnswer('head too long');
    if (data.includes('\n\n', at)) throw new MalformedAnswer('bare line feeds');
    return false;
  }

  private skipInformational({ status }: WireHead): void {
    if (status === SWITCHING_PROTOCOLS) throw new MalformedAnswer('upgrade that nobody asked for');
    this.informational += 1;
    if (this.informational > MOST_INFORMATIONAL) throw new MalformedAnswer('too many informational heads');
  }

  private begin(head: WireHead): void {
    this.reader.onHead(head);
    if (this.state === 'idle') return;
    this.bytesLeft = head.length;
    if (head.framing === 'none' || (head.framing === 'length' && head.length === 0))
      this.complete(NO_TRAILERS);
    else if (head.framing === 'chunked') this.state = 'chunk_size';
    else this.state = head.framing === 'length' ? 'length' : 'until_close';
  }

  private readBytes(): boolean {
    const { data, at } = this;
    const end = Math.min(data.length, at + this.bytesLeft);
    this.at = end;
    this.bytesLeft -= end - at;
    this.reader.onBody(at === 0 && end === data.length ? data : data.subarray(at, end));
    if (this.bytesLeft > 0 || this.state === 'idle') return true;
    if (this.state === 'length') this.complete(NO_TRAILERS);
    else this.state = 'chunk_end';
    return true;
  }

  private readRest(): boolean {
    const { data, at } = this;
    this.at = data.length;
    this.reader.onBody(at === 0 ? data : data.subarray(at));
    return true;
  }

  private readChunkSize(): boolean {
    const { data, at } = this;
    const end = data.indexOf(LF, at);
    if ((end < 0 ? data.length : end) - at > MAX_SIZE_LINE_BYTES)
      throw new MalformedAnswer('chunk size too long');
    if (end < 0) return false;
    const size = data[end - 1] === CR && CHUNK_SIZE.exec(data.toString('latin1', at, end - 1))?.[1];
    if (!size) throw new MalformedAnswer('bad chunk size');
    this.at = end + 1;
    this.bytesLeft = Number.parseInt(size, 16);
    this.state = this.bytesLeft === 0 ? 'trailers' : 'chunk';
    return true;
  }

  private readChunkEnd(): boolean {
    const { data, at } = this;
    if (data[at] !== CR || (at + 1 < data.length && data[at + 1] !== LF)) {
      throw new MalformedAnswer('chunk longer than its size');
    }
    if (at + 1 === data.length) return false;
    this.at = at + 2;
    this.state = 'chunk_size';
    return true;
  }

  private readTrailers(): boolean {
    const { data, at } = this;
    if (data[at] === CR) return this.endWithoutTrailers();
    const end = data.indexOf(END_OF_HEAD, at);
    if ((end < 0 ? data.length : end) - at > MAX_HEAD_BYTES) throw new MalformedAnswer('trailers too long');
    if (end < 0) return false;
    const trailers = parseFields(data.toString('latin1', at, end + 2), 0);
    this.at = end + END_OF_HEAD.length;
    this.complete(trailers);
    return true;
  }

  private endWithoutTrailers(): boolean {
    const { data, at } = this;
    if (at + 1 === data.length) return false;
    if (data[at + 1] !== LF) throw new MalformedAnswer('bad end of chunks');
    this.at = at + 2;
    this.complete(NO_TRAILERS);
    return true;
  }

  private complete(trailers: readonly string[]): void {
    this.state = 'idle';
    this.reader.onComplete(trailers);
  }
}
