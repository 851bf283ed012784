import type { FlagSpecs, FlagValues } from '../flags.js';
import type { ProgramIo } from '../run-program.js';
import type { Api } from './api.js';
import type { Output } from './output.js';

/** One positional argument of a command. */
export interface Argument {
  /** As the usage text calls it, e.g. `PROVIDER`. */
  name: string;
  isOptional?: boolean;
  /** Takes all remaining words, joined by blanks. Only the last argument may. */
  isRest?: boolean;
  /** The only words allowed. */
  choices?: readonly string[];
}

export interface CommandContext<S extends FlagSpecs> {
  api: Api;
  /** The arguments, checked against the declaration; optional ones may be missing at the end. */
  args: readonly string[];
  flags: FlagValues<S>;
  output: Output;
  io: ProgramIo;
  /** All commands, for `help`. */
  commands: readonly Command[];
}

/**
 * One verb of the client. Parsing, validation and help derive from the declaration; `run` sends the requests and
 * prints. It throws UsageError for values that cannot be meant, and lets the CliErrors of `Api` pass.
 */
export interface Command<S extends FlagSpecs = FlagSpecs> {
  name: string;
  /** One line for the list of commands. */
  summary: string;
  arguments: readonly Argument[];
  flags: S;
  /** `key`: an API key or a token; `token`: a login's token only; `nothing`: open to everybody. */
  needs: 'key' | 'token' | 'nothing';
  /** Further lines of its help. */
  notes?: readonly string[];
  run(context: CommandContext<S>): Promise<void>;
}

/** Lets TypeScript derive the types of a command's flags from their declaration. */
export function defineCommand<const S extends FlagSpecs>(command: Command<S>): Command {
  return command;
}
