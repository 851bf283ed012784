import { UsageError } from '../flags.js';
import { INTERRUPTED, type Program, type ProgramIo } from '../run-program.js';
import { Api } from './api.js';
import type { Command } from './command.js';
import { checkArguments, readCommandLine, type CommandLine } from './command-line.js';
import { COMMANDS } from './commands/index.js';
import { CliError, EXIT, problemJson, problemLines } from './errors.js';
import { printable } from './format.js';
import { Output } from './output.js';
import { apiSettings, PROGRAM } from './settings.js';
import { commandHelp, programHelp, usageLine } from './usage.js';

/** The client program: reads the command line, runs its command, answers the exit status. */
export const main: Program = async (argv, io) => {
  let line: CommandLine | undefined;
  try {
    line = readCommandLine(argv, COMMANDS);
    return await perform(line, io);
  } catch (error) {
    if (io.signal?.aborted) return INTERRUPTED;
    return report(error, line, io.stderr);
  }
};

async function perform({ command, args, flags }: CommandLine, io: ProgramIo): Promise<number> {
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
function report(error: unknown, line: CommandLine | undefined, stderr: NodeJS.WritableStream): number {
  if (error instanceof UsageError) {
    const more = line?.command ? `help ${line.command.name}` : 'help';
    stderr.write(`error: ${error.message}\n${usageLine(line?.command)}\nMore: ${PROGRAM} ${more}\n`);
    return EXIT.usage;
  }
  if (!(error instanceof CliError)) throw error;
  const { problem } = error;
  const lines = line?.flags.json ? [problemJson(problem)] : problemLines(problem).map(printable);
  stderr.write(`${lines.join('\n')}\n`);
  return error.exitStatus;
}
