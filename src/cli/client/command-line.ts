import { parseFlags, UsageError, type FlagSpecs, type FlagValues } from '../flags.js';
import type { Argument, Command } from './command.js';
import { GLOBAL_FLAGS, type GlobalFlags } from './settings.js';
import { unknownCommand } from './usage.js';

export interface CommandLine {
  /** Absent when there was none: then the help is wanted. */
  command?: Command;
  args: readonly string[];
  flags: GlobalFlags & FlagValues<FlagSpecs>;
}

/**
 * Finds the command, then reads all flags again together with the command's own, so that flags of the program may
 * stand on both sides of it.
 */
export function readCommandLine(argv: readonly string[], commands: readonly Command[]): CommandLine {
  const before = parseFlags(argv, GLOBAL_FLAGS, { stopAtPositional: true });
  const [name] = before.positionals;
  if (name === undefined) return { args: [], flags: before.flags };
  const command = commands.find((candidate) => candidate.name === name);
  if (!command) throw new UsageError(unknownCommand(name, commands));
  const at = argv.length - before.positionals.length;
  const others = [...argv.slice(0, at), ...argv.slice(at + 1)];
  const { flags, positionals } = parseFlags(others, { ...command.flags, ...GLOBAL_FLAGS });
  return { command, args: positionals, flags: flags as CommandLine['flags'] };
}

/** The words for a command's arguments, as many and such as it declares. */
export function checkArguments(command: Command, words: readonly string[]): string[] {
  const declared = command.arguments;
  const last = declared.at(-1);
  const args = last?.isRest
    ? [...words.slice(0, declared.length - 1), words.slice(declared.length - 1).join(' ')].filter(Boolean)
    : [...words];
  const missing = declared.slice(args.length).find((argument) => !argument.isOptional);
  if (missing) throw new UsageError(`${command.name} needs ${missing.name}`);
  if (args.length > declared.length) throw new UsageError(`unexpected argument "${args[declared.length]}"`);
  args.forEach((word, index) => checkChoice(declared[index], word));
  return args;
}

function checkChoice({ name, choices }: Argument, word: string): void {
  if (!choices || choices.includes(word)) return;
  throw new UsageError(`${name} is one of ${choices.join(', ')}, not "${word}"`);
}
