import { parseFlags, UsageError, type FlagSpecs, type FlagValues } from '../flags.js';
import type { Argument, Command } from './command.js';
import { GLOBAL_FLAGS, type GlobalFlags } from './settings.js';
import { unknownCommand } from './usage.js';

export interface FoundCommand {
  /** Absent when there was none: then the help is wanted. */
  command?: Command;
  /** All words but the command. */
  words: readonly string[];
}

export interface CommandLine {
  args: readonly string[];
  flags: GlobalFlags & FlagValues<FlagSpecs>;
}

/** The command is the first word that is neither a flag of the program nor a flag's value. */
export function findCommand(argv: readonly string[], commands: readonly Command[]): FoundCommand {
  const { positionals } = parseFlags(argv, GLOBAL_FLAGS, { stopAtPositional: true });
  const [name] = positionals;
  if (name === undefined) return { words: argv };
  const command = commands.find((candidate) => candidate.name === name);
  if (!command) throw new UsageError(unknownCommand(name, commands));
  const at = argv.length - positionals.length;
  return { command, words: [...argv.slice(0, at), ...argv.slice(at + 1)] };
}

/** Reads the program's flags and the command's own, which may stand anywhere behind it. */
export function readCommandLine({ command, words }: FoundCommand): CommandLine {
  const { flags, positionals } = parseFlags(words, { ...command?.flags, ...GLOBAL_FLAGS });
  return { args: positionals, flags: flags as CommandLine['flags'] };
}

/** The words for a command's arguments, as many and such as it declares. */
export function checkArguments(command: Command, words: readonly string[]): string[] {
  const declared = command.arguments;
  const args = declared.at(-1)?.isRest ? joinRest(words, declared.length - 1) : [...words];
  const missing = declared.slice(args.length).find((argument) => !argument.isOptional);
  if (missing) throw new UsageError(`${command.name} needs ${missing.name}`);
  if (args.length > declared.length) throw new UsageError(`unexpected argument "${args[declared.length]}"`);
  args.forEach((word, index) => checkChoice(declared[index], word));
  return args;
}

function joinRest(words: readonly string[], from: number): string[] {
  return words.length > from ? [...words.slice(0, from), words.slice(from).join(' ')] : [...words];
}

function checkChoice({ name, choices }: Argument, word: string): void {
  if (!choices || choices.includes(word)) return;
  const what = name.includes('|') ? 'the argument' : name;
  throw new UsageError(`${what} is one of ${choices.join(', ')}, not "${word}"`);
}
