import { UsageError } from '../flags.js';
import { INTERRUPTED, type Program, type ProgramIo } from '../run-program.js';
import { Api } from './api.js';
import type { Command } from './command.js';
import { checkArguments, findCommand, readCommandLine } from './command-line.js';
import { COMMANDS } from './commands/index.js';
import { CliError, EXIT, problemJson, problemLines } from './errors.js';
import { printable } from '../printable.js';
import { Output } from './output.js';
import { apiSettings, PROGRAM } from './settings.js';
import { commandHelp, programHelp, usageLine } from './usage.js';

/** How far a run has come, for the report of its failure. */
interface Progress {
  command?: Command;
  isJson?: boolean;
}

/** The client program: finds the command, runs it, answers the exit status. */
export const main: Program = async (argv, io) => {
  const progress: Progress = {};
  try {
    return await perform(argv, io, progress);
  } catch (error) {
    return io.signal?.aborted ? INTERRUPTED : report(error, progress, io.stderr);
  }
};

async function perform(argv: readonly string[], io: ProgramIo, progress: Progress): Promise<number> {
  const found = findCommand(argv, COMMANDS);
  const { command } = found;
  progress.command = command;
  const { args, flags } = readCommandLine(found);
  progress.isJson = flags.json;
  if (flags.help) return printHelp(command, io.stdout, EXIT.ok);
  if (!command) return printHelp(command, io.stderr, EXIT.usage);
  const checked = checkArguments(command, args);
  const api = new Api(apiSettings(flags, io, command.needs));
  const output = await Output.open(io, flags.json);
  await command.run({ api, args: checked, flags, output, io, commands: COMMANDS });
  return EXIT.ok;
}

function printHelp(command: Command | undefined, to: NodeJS.WritableStream, status: number): number {
  to.write(`${(command ? commandHelp(command) : programHelp(COMMANDS)).join('\n')}\n`);
  return status;
}

/** Tells on standard error what went wrong; anything that is neither misuse nor a failed request is a defect. */
function report(error: unknown, { command, isJson }: Progress, stderr: NodeJS.WritableStream): number {
  if (error instanceof UsageError) {
    const more = command ? `help ${command.name}` : 'help';
    stderr.write(`error: ${error.message}\n${usageLine(command)}\nMore: ${PROGRAM} ${more}\n`);
    return EXIT.usage;
  }
  if (!(error instanceof CliError)) throw error;
  const { problem } = error;
  const lines = isJson ? [problemJson(problem)] : problemLines(problem).map(printable);
  stderr.write(`${lines.join('\n')}\n`);
  return error.exitStatus;
}
