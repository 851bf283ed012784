import { productVersion } from '../common/product-version.js';
import { flagUsage } from './flag-usage.js';
import { MODE_FLAGS, parseFlags, UsageError, type FlagSpecs } from './flags.js';

const PROGRAM = 'aiserve-gpuproxyd';

const FLAGS = {
  dv: { ...MODE_FLAGS.dv, help: 'developer mode: needs no settings, simulates the GPU farms' },
  dm: { ...MODE_FLAGS.dm, help: 'debug mode: more detail in the log' },
  version: { kind: 'switch', help: 'print the version' },
  help: { kind: 'switch', aliases: ['h'], help: 'print this text' },
} as const satisfies FlagSpecs;

/** Either modes to start in, or a text to print and be done. */
export type DaemonCommand = { isDeveloper: boolean; isDebug: boolean } | { text: string };

/** @throws UsageError */
export function readDaemonCommandLine(argv: readonly string[]): DaemonCommand {
  const { flags, positionals } = parseFlags(argv, FLAGS);
  if (flags.help) return { text: HELP };
  if (flags.version) return { text: `${PROGRAM} ${productVersion()} (Node ${process.version})` };
  if (positionals.length > 0)
    throw new UsageError(`takes flags only, not "${positionals[0]}"; more: ${PROGRAM} -help`);
  return { isDeveloper: flags.dv, isDebug: flags.dm };
}

const HELP = [
  `usage: ${PROGRAM} [flags]`,
  '',
  'Serves until it is told to stop: the first SIGTERM or Ctrl-C drains, the second ends at once.',
  'Settings come from the environment and .env; .env.example lists them all.',
  '',
  'Flags:',
  ...flagUsage(FLAGS),
  '',
  'Exit status: 0 stopped, 1 could not start or serve, 2 wrong command line.',
].join('\n');
