import { findMembers, skipSpace } from './json-members.js';

/** An event that is not complete after so many bytes goes on as it is, and the rest of it as it comes. */
export const LONGEST_EVENT_BYTES = 65_536;

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const USAGE = Buffer.from('"usage"');
const DATA = Buffer.from('data:');
const BLANK_LINE = Buffer.from('\n\n');
const BLANK_LINES = [BLANK_LINE, Buffer.from('\n\r\n'), Buffer.from('\r\r')];

/**
 * A stream of server-sent events on its way through, in whole events: bytes are unchanged and pass as soon as the event
 * that they belong to is complete, which is when a client can make use of them. So an answer that breaks off ends
 * between two events, and the chunk with nothing but the usage can be taken out again when the caller did not ask.
 */
export class EventStream {
  /** Events that have passed, as far as they could be counted in passing. */
  eventCount = 0;
  /** The beginning of an event. */
  private held: Buffer | undefined;
  /** The beginning of the current event was too long to hold. */
  private isOpen = false;

  constructor(private readonly dropsUsage: boolean) {}

  /** True when everything that was let out ends with an event. */
  get isBetweenEvents(): boolean {
    return !this.isOpen;
  }

  /** What may go on now; undefined when there is nothing. */
  push(chunk: Buffer): Buffer | undefined {
    if (this.held === undefined && !this.isOpen && endsWithBlankLine(chunk)) return this.pass(chunk);
    const bytes = this.held === undefined ? chunk : Buffer.concat([this.held, chunk]);
    const end = endOfLastEvent(bytes);
    const whole = end > 0 ? this.passFrom(bytes, end) : undefined;
    const rest = bytes.subarray(end);
    this.held = rest.length > 0 ? rest : undefined;
    if (rest.length <= LONGEST_EVENT_BYTES && !this.isOpen) return whole;
    return joined(whole, this.letOut(rest));
  }

  /** The end of a stream that was not cut: an event without its blank line goes on as well. */
  flush(): Buffer | undefined {
    const rest = this.held;
    this.held = undefined;
    return rest && (this.dropsUsage ? withoutUsage(rest) : rest);
  }

  private passFrom(bytes: Buffer, end: number): Buffer | undefined {
    if (!this.isOpen) return this.pass(bytes.subarray(0, end));
    this.isOpen = false;
    const first = endOfFirstEvent(bytes);
    return joined(bytes.subarray(0, first), this.pass(bytes.subarray(first, end)));
  }

  private pass(events: Buffer): Buffer | undefined {
    this.eventCount += countEvents(events);
    if (events.length === 0) return undefined;
    return this.dropsUsage && mayHoldUsage(events) ? withoutUsage(events) : events;
  }

  /** Line ends are kept back, so that a blank line is never cut in two. */
  private letOut(rest: Buffer): Buffer | undefined {
    let end = rest.length;
    while (end > 0 && (rest[end - 1] === LF || rest[end - 1] === CR)) end -= 1;
    this.isOpen = true;
    this.held = end < rest.length ? rest.subarray(end) : undefined;
    return end > 0 ? rest.subarray(0, end) : undefined;
  }
}

function joined(a: Buffer | undefined, b: Buffer | undefined): Buffer | undefined {
  return a && b ? Buffer.concat([a, b]) : (a ?? b);
}

function endsWithBlankLine(bytes: Buffer): boolean {
  const last = bytes[bytes.length - 1];
  const before = bytes[bytes.length - 2];
  if (last === LF) return before === LF || (before === CR && bytes[bytes.length - 3] === LF);
  return last === CR && before === CR;
}

function endOfLastEvent(bytes: Buffer): number {
  let end = 0;
  for (const blank of BLANK_LINES) {
    const at = bytes.lastIndexOf(blank);
    if (at >= 0) end = Math.max(end, at + blank.length);
  }
  return end;
}

function endOfFirstEvent(bytes: Buffer): number {
  let end = bytes.length;
  for (const blank of BLANK_LINES) {
    const at = bytes.indexOf(blank);
    if (at >= 0) end = Math.min(end, at + blank.length);
  }
  return end;
}

/** By the blank lines of those who end lines with a line feed alone; at least one, however lines end. */
function countEvents(events: Buffer): number {
  let count = 0;
  for (let at = events.indexOf(BLANK_LINE); at >= 0; at = events.indexOf(BLANK_LINE, at + 2)) count += 1;
  return events.length > 0 ? Math.max(1, count) : 0;
}

/** `"usage":{` somewhere: inside of a text its quotes would be escaped. */
function mayHoldUsage(events: Buffer): boolean {
  for (let at = events.indexOf(USAGE); at >= 0; at = events.indexOf(USAGE, at + USAGE.length)) {
    const colon = skipSpace(events, at + USAGE.length);
    if (events[colon] === COLON && events[skipSpace(events, colon + 1)] === OPEN_BRACE) return true;
  }
  return false;
}

function withoutUsage(events: Buffer): Buffer | undefined {
  const kept: Buffer[] = [];
  for (let rest = events; rest.length > 0;) {
    const event = rest.subarray(0, endOfFirstEvent(rest));
    kept.push(isUsageOnly(event) ? blankLinesBefore(event) : event);
    rest = rest.subarray(event.length);
  }
  const left = Buffer.concat(kept);
  return left.length > 0 ? left : undefined;
}

/** They belong to no event. */
function blankLinesBefore(event: Buffer): Buffer {
  let end = 0;
  while (event[end] === LF || event[end] === CR) end += 1;
  return event.subarray(0, end);
}

/** `choices` is there and empty, `usage` is there and an object: what OpenAI and vLLM send when they are asked. */
function isUsageOnly(event: Buffer): boolean {
  if (!mayHoldUsage(event)) return false;
  const data = dataOf(event);
  const spans = data && findMembers(data, ['choices', 'usage'])?.spans;
  const [choices, usage] = [spans?.get('choices'), spans?.get('usage')];
  if (!data || !choices || !usage || data[usage.start] !== OPEN_BRACE) return false;
  return data[choices.start] === OPEN_BRACKET && data[skipSpace(data, choices.start + 1)] === CLOSE_BRACKET;
}

/** The JSON of an event's only line of data. */
function dataOf(event: Buffer): Buffer | undefined {
  const at = event.indexOf(DATA);
  const startsLine = at === 0 || event[at - 1] === LF || event[at - 1] === CR;
  if (at < 0 || !startsLine || event.indexOf(DATA, endOfLine(event, at)) >= 0) return undefined;
  return event.subarray(at + DATA.length, endOfLine(event, at));
}

function endOfLine(event: Buffer, from: number): number {
  const feed = event.indexOf(LF, from);
  return feed >= 0 ? feed : event.length;
}
