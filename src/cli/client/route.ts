import { UsageError } from '../flags.js';

/** A path with its variable words encoded: route`/api/v1/gpu/rentals/${id}`. */
export function route(fixed: TemplateStringsArray, ...words: readonly string[]): string {
  return fixed.reduce((path, part, index) => `${path}${encodeWord(words[index - 1])}${part}`);
}

/** A word of dots would move the path to another route, for URLs resolve them. */
function encodeWord(word: string): string {
  if (word === '' || word === '.' || word === '..') throw new UsageError(`"${word}" is not an id`);
  return encodeURIComponent(word);
}
