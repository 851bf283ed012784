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

/** Where something begins or ends in the bytes that were pushed last. */
export interface MemberMark {
  /** `start`, `end`: of a wanted member's value; `close`: the brace at the end of the object. */
  kind: 'start' | 'end' | 'close';
  /** Of the member; empty for `close`. */
  name: string;
  /** The first byte of the value or the brace; for `end` the byte behind the value. */
  at: number;
}

type Place =
  'object' | 'name' | 'in_name' | 'colon' | 'value' | 'text' | 'nested' | 'scalar' | 'comma' | 'done';

/**
 * Finds members of one JSON object while its bytes pass, wherever they are cut. Like `findMembers`, which needs all of
 * them at once, it jumps over texts and looks at nothing inside of values.
 */
export class JsonMemberScanner {
  private place: Place = 'object';
  private marks: MemberMark[] = [];
  /** Of the member that is being read, and of no interest beyond LONGEST_NAME_BYTES. */
  private nameBytes = '';
  private name = '';
  private depth = 0;
  private isInText = false;
  private isEscaped = false;
  private hasMembers = false;

  constructor(private readonly wanted: ReadonlySet<string>) {}

  /** The object is closed; what follows is not looked at. */
  get isComplete(): boolean {
    return this.place === 'done';
  }

  /** What was found in these bytes; undefined when they are no JSON object, as far as one can see in passing. */
  push(bytes: Buffer): readonly MemberMark[] | undefined {
    this.marks = [];
    let at = 0;
    while (at < bytes.length && this.place !== 'done') {
      at = this.step(bytes, at);
      if (at === NOWHERE) return undefined;
    }
    return this.marks;
  }

  /** Reads on from `at`; answers where to go on. */
  private step(bytes: Buffer, at: number): number {
    switch (this.place) {
      case 'in_name':
        return this.readName(bytes, at);
      case 'text':
        return this.endAt(this.skipText(bytes, at), bytes);
      case 'nested':
        return this.readNested(bytes, at);
      case 'scalar':
        return this.readScalar(bytes, at);
      default:
        return isSpace(bytes[at]) ? at + 1 : this.turn(bytes[at], at);
    }
  }

  /** A byte between names and values. */
  private turn(byte: number, at: number): number {
    switch (this.place) {
      case 'object':
        return byte === OPEN_BRACE ? this.go('name', at + 1) : NOWHERE;
      case 'name':
        if (byte === CLOSE_BRACE && !this.hasMembers) return this.close(at);
        this.nameBytes = '';
        return byte === QUOTE ? this.go('in_name', at + 1) : NOWHERE;
      case 'colon':
        return byte === COLON ? this.go('value', at + 1) : NOWHERE;
      case 'value':
        return this.beginValue(byte, at);
      default:
        if (byte === CLOSE_BRACE) return this.close(at);
        return byte === COMMA ? this.go('name', at + 1) : NOWHERE;
    }
  }

  private beginValue(byte: number, at: number): number {
    this.hasMembers = true;
    this.mark('start', at);
    if (byte === QUOTE) return this.go('text', at + 1);
    if (byte !== OPEN_BRACE && byte !== OPEN_BRACKET) return this.go('scalar', at);
    this.depth = 0;
    return this.go('nested', at);
  }

  private readName(bytes: Buffer, at: number): number {
    const end = this.skipText(bytes, at);
    const read = bytes.toString('latin1', at, end === NOWHERE ? bytes.length : end - 1);
    if (this.nameBytes.length <= LONGEST_NAME_BYTES) this.nameBytes += read;
    if (end === NOWHERE) return bytes.length;
    this.name = nameOf(this.nameBytes);
    return this.go('colon', end);
  }

  private readNested(bytes: Buffer, from: number): number {
    let at = from;
    while (at < bytes.length) {
      if (this.isInText) {
        at = this.skipText(bytes, at);
        if (at === NOWHERE) return bytes.length;
        this.isInText = false;
        continue;
      }
      const byte = bytes[at];
      at += 1;
      if (byte === QUOTE) this.isInText = true;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.depth += 1;
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        this.depth -= 1;
        if (this.depth === 0) return this.endAt(at, bytes);
      }
    }
    return at;
  }

  private readScalar(bytes: Buffer, from: number): number {
    let at = from;
    while (at < bytes.length && !isSpace(bytes[at]) && bytes[at] !== COMMA && bytes[at] !== CLOSE_BRACE)
      at += 1;
    if (at === bytes.length) return at;
    return this.endAt(at, bytes);
  }

  /** Behind the closing quote; NOWHERE while the text goes on in the bytes to come. */
  private skipText(bytes: Buffer, from: number): number {
    let at = this.isEscaped ? from + 1 : from;
    this.isEscaped = false;
    for (;;) {
      const quote = bytes.indexOf(QUOTE, at);
      const isCut = quote === NOWHERE;
      const end = isCut ? bytes.length : quote;
      const isEscaped = countBackslashes(bytes, at, end) % 2 === 1;
      if (isCut) {
        this.isEscaped = isEscaped;
        return NOWHERE;
      }
      at = quote + 1;
      if (!isEscaped) return at;
    }
  }

  private endAt(end: number, bytes: Buffer): number {
    if (end === NOWHERE) return bytes.length;
    this.mark('end', end);
    return this.go('comma', end);
  }

  private close(at: number): number {
    this.marks.push({ kind: 'close', name: '', at });
    return this.go('done', at + 1);
  }

  private mark(kind: 'start' | 'end', at: number): void {
    if (this.wanted.has(this.name)) this.marks.push({ kind, name: this.name, at });
  }

  private go(place: Place, at: number): number {
    this.place = place;
    return at;
  }
}

/** Right before `end`, and not before `from`. */
function countBackslashes(bytes: Buffer, from: number, end: number): number {
  let first = end;
  while (first > from && bytes[first - 1] === BACKSLASH) first -= 1;
  return end - first;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Empty for what is no name, and for one that is too long. */
function nameOf(source: string): string {
  if (source.length > LONGEST_NAME_BYTES) return '';
  if (!source.includes('\\')) return source;
  try {
    return JSON.parse(`"${source}"`) as string;
  } catch {
    return '';
  }
}
