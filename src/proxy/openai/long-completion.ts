import { malformedJson } from '../proxy.errors.js';
import type { BodyEdit } from '../request-body.js';
import { applySplices, readModelText, usageQuestionIn, USAGE_QUESTION } from './completion-request.js';
import { JsonMemberScanner, type MemberMark } from './json-member-scanner.js';
import { duplicateMember, malformedModel } from './openai.errors.js';

const WANTED: ReadonlySet<string> = new Set(['model', 'stream', 'stream_options']);
/** The values that matter are short; what is longer is none of them. */
const LONGEST_VALUE_BYTES = 8192;

/**
 * The model that the beginning of a JSON body names; undefined when it does not (yet) or is no JSON object.
 * @throws DomainError 400 for a model that is no text
 */
export function modelAtStart(prefix: Buffer): string | undefined {
  const marks = new JsonMemberScanner(new Set(['model'])).push(prefix);
  const start = marks?.find(({ kind }) => kind === 'start');
  const end = marks?.find(({ kind }) => kind === 'end');
  return start && end ? readModelText(prefix, { start: start.at, end: end.at }) : undefined;
}

export interface LongCompletionOptions {
  /** What the upstream calls the model; undefined = as the body has it. */
  model: string | undefined;
  /** Its stream is to be asked for its usage. */
  asksUsage: boolean;
}

/**
 * A long body of which the beginning has told where it goes: it gets the edits of one that is held while it passes. A
 * usage that can only be asked for before it is known whether there is a stream (`stream_options` before `stream`) is not
 * asked for.
 */
export class LongCompletion implements BodyEdit {
  private readonly scanner = new JsonMemberScanner(WANTED);
  private readonly seen = new Set<string>();
  /** The beginning of a value that matters. */
  private value: Buffer[] | undefined;
  private isStream = false;
  private hasAsked = false;

  constructor(private readonly options: LongCompletionOptions) {}

  /** We have asked for the usage and the caller has not. */
  get dropsUsage(): boolean {
    return this.hasAsked;
  }

  /** @throws DomainError 400 for a member that is there twice, and for what is no JSON object after all */
  push(bytes: Buffer): Buffer {
    const marks = this.scanner.push(bytes);
    if (!marks) throw malformedJson();
    if (marks.length === 0 && !this.value) return bytes;
    const passed: Buffer[] = [];
    let from = 0;
    for (const mark of marks) {
      this.take(passed, bytes.subarray(from, mark.at));
      this.follow(mark, passed);
      from = mark.at;
    }
    this.take(passed, bytes.subarray(from));
    return Buffer.concat(passed);
  }

  /** @throws DomainError 400 when the object is not complete */
  finish(): void {
    if (!this.scanner.isComplete) throw malformedJson();
  }

  private take(passed: Buffer[], bytes: Buffer): void {
    (this.value ?? passed).push(bytes);
    if (this.value && sizeOf(this.value) > LONGEST_VALUE_BYTES) throw malformedModel();
  }

  private follow({ kind, name }: MemberMark, passed: Buffer[]): void {
    if (kind === 'start') {
      if (this.seen.has(name)) throw duplicateMember(name);
      this.seen.add(name);
      this.value = [];
    } else if (kind === 'end') {
      const value = Buffer.concat(this.value ?? []);
      this.value = undefined;
      passed.push(this.edited(name, value));
    } else if (this.isAskable && !this.seen.has('stream_options')) {
      this.hasAsked = true;
      passed.push(Buffer.from(USAGE_QUESTION));
    }
  }

  private edited(name: string, value: Buffer): Buffer {
    const { model } = this.options;
    if (name === 'model') return model === undefined ? value : Buffer.from(JSON.stringify(model));
    if (name === 'stream') this.isStream = value.toString('latin1') === 'true';
    if (name !== 'stream_options' || !this.isAskable) return value;
    const question = usageQuestionIn(value);
    this.hasAsked = question !== undefined;
    return question ? applySplices(value, [question]) : value;
  }

  private get isAskable(): boolean {
    return this.options.asksUsage && this.isStream;
  }
}

function sizeOf(parts: readonly Buffer[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}
