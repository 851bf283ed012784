import { closest } from './closest.js';

interface FlagBase {
  /** One line for the usage text. */
  help: string;
  /** Other spellings, e.g. `developer-mode` for `dv`. */
  aliases?: readonly string[];
}

/** A flag without a value: `-dm`, `--dm`, `-dm=false`. */
export interface SwitchFlag extends FlagBase {
  kind: 'switch';
}

/** A flag with a value: `-key K`, `--key=K`. A `list` may be given many times; of the others the last one counts. */
export interface ValueFlag extends FlagBase {
  kind: 'text' | 'number' | 'list';
  /** What the usage text calls the value, e.g. `URL`. */
  value: string;
}

export type FlagSpec = SwitchFlag | ValueFlag;
export type FlagSpecs = Readonly<Record<string, FlagSpec>>;

type ValueOf<F extends FlagSpec> = F extends { kind: 'switch' }
  ? boolean
  : F extends { kind: 'list' }
    ? string[]
    : F extends { kind: 'number' }
      ? number | undefined
      : string | undefined;

export type FlagValues<S extends FlagSpecs> = { [Name in keyof S]: ValueOf<S[Name]> };

export interface ParsedFlags<S extends FlagSpecs> {
  flags: FlagValues<S>;
  /** What is not a flag, in order. */
  positionals: string[];
}

/** The command line is wrong; programs print the message with their usage and end with status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The seed's two modes, understood by all three programs. */
export const MODE_FLAGS = {
  dv: { kind: 'switch', aliases: ['developer-mode'], help: 'developer mode' },
  dm: { kind: 'switch', aliases: ['debug-mode'], help: 'debug mode: more detail' },
} as const satisfies FlagSpecs;

/** A letter has to follow the dashes, so that `-5`, `-` and `-.5` stay what they are: values. */
const FLAG_TOKEN = /^--?([A-Za-z][\w-]*)(?:=([\s\S]*))?$/;

const SWITCH_WORDS = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((word) => [word, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((word) => [word, false] as const),
]);

/**
 * Reads flags as Go programs do: one dash or two, `-key K` or `-key=K`, `-dm` or `-dm=false`, and `--` ends them.
 * A flag with a value takes the next word whatever it looks like. Unlike Go, flags may also stand behind
 * positionals, because people write them there; with `stopAtPositional` reading ends at the first positional and
 * it and all behind it are returned untouched (how a program finds its command before it knows the command's flags).
 * @throws UsageError naming the flag, and for an unknown one the closest that exists
 */
export function parseFlags<const S extends FlagSpecs>(
  argv: readonly string[],
  specs: S,
  options: { stopAtPositional?: boolean } = {},
): ParsedFlags<S> {
  const values = new Map<string, unknown>(Object.entries(specs).map(([name, spec]) => [name, unset(spec)]));
  const finish = (positionals: string[]): ParsedFlags<S> => ({
    flags: Object.fromEntries(values) as FlagValues<S>,
    positionals,
  });
  const positionals: string[] = [];
  const words = argv.values();
  for (const word of words) {
    if (word === '--') return finish([...positionals, ...words]);
    const token = FLAG_TOKEN.exec(word);
    if (!token && options.stopAtPositional) return finish([word, ...words]);
    if (!token) positionals.push(word);
    else assign(values, specs, token, words);
  }
  return finish(positionals);
}

function assign(
  values: Map<string, unknown>,
  specs: FlagSpecs,
  [, written, attached]: RegExpExecArray,
  words: Iterator<string, undefined>,
): void {
  const name = canonicalName(written, specs);
  const spec = specs[name];
  if (spec.kind === 'switch') {
    values.set(name, readSwitch(written, attached ?? 'true'));
    return;
  }
  const text = attached ?? words.next().value;
  if (text === undefined) throw new UsageError(`flag -${written} needs a value: -${written} ${spec.value}`);
  if (spec.kind === 'list') values.set(name, [...(values.get(name) as string[]), text]);
  else values.set(name, spec.kind === 'number' ? readNumber(written, text) : text);
}

function unset(spec: FlagSpec): unknown {
  if (spec.kind === 'switch') return false;
  return spec.kind === 'list' ? [] : undefined;
}

/** Every spelling a flag may be written with, the canonical name first. */
function spellings(specs: FlagSpecs): [string, string][] {
  return Object.entries(specs).flatMap(([name, spec]) =>
    [name, ...(spec.aliases ?? [])].map((spelling): [string, string] => [spelling, name]),
  );
}

function canonicalName(written: string, specs: FlagSpecs): string {
  const known = new Map(spellings(specs));
  const name = known.get(written);
  if (name !== undefined) return name;
  const near = closest(written, [...known.keys()]);
  throw new UsageError(`unknown flag -${written}${near ? `, did you mean -${near}?` : ''}`);
}

function readSwitch(written: string, text: string): boolean {
  const value = SWITCH_WORDS.get(text);
  if (value === undefined) throw new UsageError(`flag -${written} is true or false, not "${text}"`);
  return value;
}

function readNumber(written: string, text: string): number {
  if (!/^[-+]?(\d+(\.\d*)?|\.\d+)$/.test(text))
    throw new UsageError(`flag -${written} needs a number, not "${text}"`);
  return Number(text);
}
