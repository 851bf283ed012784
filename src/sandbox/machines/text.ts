import { hashText, SeededRandom } from '../random.js';

const OPENINGS = [
  'That is a good question about {topic}.',
  'In short, {topic} comes down to a few ideas.',
  'Let me explain {topic} step by step.',
  'Here is what matters most about {topic}.',
];

const BODIES = [
  'Start with the simplest case, measure it, and only then add more.',
  'The important part is to see what changes and what stays the same.',
  'Most of the time is spent moving data, not computing, so keep both close together.',
  'A small example often shows more than a long definition.',
  'Two things pull in different directions here, speed and certainty, and a good answer names the price of each.',
  'Once the basics are in place, the rest follows almost by itself.',
];

const CLOSINGS = [
  'Ask again if you want more detail.',
  'I hope this helps.',
  'Does that answer your question?',
];

const GREETING = /^\W*(hello|hi|hey|good (morning|evening)|ping)\b/i;
const SHORT_WORDS =
  /^(the|and|for|with|what|when|where|which|who|how|why|are|was|you|your|about|that|this|can|could|please|tell|explain|does)$/i;

export interface Completion {
  /** Tokens: one word each with its leading space, the signature last. */
  tokens: string[];
  finishReason: 'stop' | 'length';
}

/**
 * A plausible answer to a prompt: the same prompt always gets the same words. The signature of the machine is
 * the last token, also when `maxTokens` cuts the answer short.
 */
export function complete(prompt: string, signature: string, maxTokens = Infinity): Completion {
  const words = composeAnswer(prompt)
    .split(' ')
    .map((word, index) => (index === 0 ? word : ` ${word}`));
  const room = Math.max(0, maxTokens - 1);
  const isCut = words.length > room;
  const tokens = [...words.slice(0, room), `${room > 0 ? ' ' : ''}(${signature})`];
  return { tokens, finishReason: isCut ? 'length' : 'stop' };
}

export function countTokens(text: string): number {
  return text.split(/\s+/).filter(Boolean).length;
}

function composeAnswer(prompt: string): string {
  if (GREETING.test(prompt))
    return 'Hello! I am a small language model on a rented GPU. What can I do for you?';
  const random = new SeededRandom(hashText(prompt));
  const opening = random.pick(OPENINGS).replace('{topic}', topicOf(prompt));
  const bodies = random.shuffle(BODIES).slice(0, random.integer(1, 3));
  return [opening, ...bodies, random.pick(CLOSINGS)].join(' ');
}

/** The prompt's three longest telling words, in their order. */
function topicOf(prompt: string): string {
  const words = prompt.match(/[\p{L}\p{N}-]{3,30}/gu) ?? [];
  const telling = [...new Set(words.filter((word) => !SHORT_WORDS.test(word)))];
  const longest = telling.toSorted((a, b) => b.length - a.length).slice(0, 3);
  return telling.filter((word) => longest.includes(word)).join(' ') || 'this';
}
