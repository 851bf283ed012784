import { closest } from '../closest.js';
import { columns, flagUsage } from '../flag-usage.js';
import type { Argument, Command } from './command.js';
import { GLOBAL_FLAGS, PROGRAM } from './settings.js';

function argumentText({ name, isOptional, isRest }: Argument): string {
  const text = isRest ? `${name}...` : name;
  return isOptional ? `[${text}]` : text;
}

/** `create PROVIDER ID` */
export function signature(command: Command): string {
  return [command.name, ...command.arguments.map(argumentText)].join(' ');
}

export function usageLine(command?: Command): string {
  if (!command) return `usage: ${PROGRAM} [flags] COMMAND [arguments]`;
  const flags = Object.keys(command.flags).length > 0 ? ' [flags]' : '';
  return `usage: ${PROGRAM} ${signature(command)}${flags}`;
}

export function programHelp(commands: readonly Command[]): string[] {
  return [
    usageLine(),
    '',
    'Commands:',
    ...columns(commands.map((command) => [signature(command), command.summary] as const)),
    '',
    'Flags (before or behind the command):',
    ...flagUsage(GLOBAL_FLAGS),
    '',
    `More about one command, and its own flags: ${PROGRAM} help COMMAND`,
    'Exit status: 0 done, 1 refused by the server, 2 wrong command line, 3 server not reached.',
  ];
}

export function commandHelp(command: Command): string[] {
  const flags = flagUsage(command.flags);
  return [
    usageLine(command),
    '',
    `${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`,
    ...(command.notes ?? []),
    ...(flags.length > 0 ? ['', 'Flags:', ...flags] : []),
    '',
    `Flags of every command: ${PROGRAM} help`,
  ];
}

export function unknownCommand(name: string, commands: readonly Command[]): string {
  const near = closest(
    name,
    commands.map((command) => command.name),
  );
  return `unknown command "${name}"${near ? `, did you mean ${near}?` : ''}`;
}
