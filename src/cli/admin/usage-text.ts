import { closest } from '../closest.js';
import { columns, flagUsage } from '../flag-usage.js';
import type { AdminCommand } from './command.js';
import { ADMIN_FLAGS } from './flags.js';

export const PROGRAM = 'aiserve-gpuproxy-admin';

export const signature = ({ name, arguments: words }: AdminCommand): string => [name, ...words].join(' ');

export function helpLines(commands: readonly AdminCommand[]): string[] {
  return [
    `usage: ${PROGRAM} [flags] COMMAND [arguments]`,
    '',
    'Works on the database directly, also beside a running daemon. Settings come from the environment and .env.',
    '',
    'Commands:',
    ...columns(commands.map((command) => [signature(command), command.summary] as const)),
    '',
    'Flags:',
    ...flagUsage(ADMIN_FLAGS),
    '',
    'Exit status: 0 done, 1 refused or broken, 2 wrong command line or settings.',
  ];
}

export function unknownCommandText(words: readonly string[], commands: readonly AdminCommand[]): string {
  const names = commands.map(({ name }) => name);
  const near = names.find((name) => name.startsWith(`${words[0]} `)) ?? closest(words[0], names);
  return `unknown command "${words[0]}"${near ? `, did you mean ${near}?` : ''}`;
}
