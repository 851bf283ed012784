import { UsageError } from '../../flags.js';
import { defineCommand } from '../command.js';
import { commandHelp, programHelp, unknownCommand } from '../usage.js';

export const help = defineCommand({
  name: 'help',
  summary: 'this text, or the help of one command',
  arguments: [{ name: 'COMMAND', isOptional: true }],
  needs: 'nothing',
  flags: {},
  async run({ args: [name], commands, output }) {
    const command = commands.find((candidate) => candidate.name === name);
    if (name !== undefined && !command) throw new UsageError(unknownCommand(name, commands));
    output.line((command ? commandHelp(command) : programHelp(commands)).join('\n'));
  },
});
