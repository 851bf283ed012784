/** Tokens as the engines count them, read from the end of an answer. */
export interface TokenUsage {
  inputTokens: number;
  outputTokens: number;
}

const TAIL_BYTES = 16_384;
const USAGE = Buffer.from('"usage"');
const INPUT = /"(?:prompt_tokens|input_tokens)"\s*:\s*(\d{1,12})/;
const OUTPUT = /"(?:completion_tokens|output_tokens)"\s*:\s*(\d{1,12})/;

/**
 * Remembers the last chunks of an answer. Engines write `usage` at the end: in JSON near the last brace, in a stream
 * of events in one of the last two before `[DONE]`. Four references cost next to nothing; the text is looked at once.
 */
export class UsageTail {
  private last: Buffer | undefined;
  private second: Buffer | undefined;
  private third: Buffer | undefined;
  private fourth: Buffer | undefined;

  push(chunk: Buffer): void {
    this.fourth = this.third;
    this.third = this.second;
    this.second = this.last;
    this.last = chunk;
  }

  /** Whether a text stands in what came last. */
  holds(text: string): boolean {
    const end = this.second ? Buffer.concat([this.second, this.last ?? this.second]) : this.last;
    return end?.subarray(-TAIL_BYTES).includes(text) ?? false;
  }

  read(): TokenUsage | undefined {
    if (!this.last) return undefined;
    if (!this.second) return readUsage(this.last.subarray(-TAIL_BYTES));
    const chunks = [this.fourth, this.third, this.second, this.last].filter((chunk) => chunk !== undefined);
    return readUsage(Buffer.concat(chunks).subarray(-TAIL_BYTES));
  }
}

/** The last `"usage"` counts: some engines repeat it in every chunk, growing. */
export function readUsage(tail: Buffer): TokenUsage | undefined {
  const at = tail.lastIndexOf(USAGE);
  if (at < 0) return undefined;
  const text = tail.toString('latin1', at);
  const [input, output] = [INPUT.exec(text), OUTPUT.exec(text)];
  if (!input && !output) return undefined;
  return { inputTokens: Number(input?.[1] ?? 0), outputTokens: Number(output?.[1] ?? 0) };
}

/** Only there may tokens be looked for: not in compressed answers, nor in pictures. */
export function mayHoldUsage(contentType: string, contentEncoding: string | undefined): boolean {
  if (contentEncoding !== undefined && contentEncoding !== 'identity') return false;
  return contentType.startsWith('text/event-stream') || contentType.includes('json');
}
