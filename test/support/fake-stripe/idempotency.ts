import { StripeFault } from './objects.js';

export interface StoredAnswer {
  status: number;
  body: unknown;
}

interface Entry {
  input: string;
  answer?: StoredAnswer;
}

/** Stripe's idempotency: the first answer of a key is given again, errors included; other parameters are refused. */
export class StripeIdempotency {
  private readonly entries = new Map<string, Entry>();

  /** @returns the answer of the key's first call; undefined when this is it */
  begin(key: string, input: string): StoredAnswer | undefined {
    const entry = this.entries.get(key);
    if (!entry) {
      this.entries.set(key, { input });
      return undefined;
    }
    if (entry.input !== input)
      throw misuse(400, 'Keys for idempotent requests can only be used with the same parameters.');
    if (!entry.answer) throw misuse(409, 'There is another request in progress with this key.');
    return entry.answer;
  }

  finish(key: string, answer: StoredAnswer): void {
    const entry = this.entries.get(key);
    if (entry) entry.answer = answer;
  }
}

const misuse = (status: number, message: string): StripeFault =>
  new StripeFault(status, { type: 'idempotency_error', message });
