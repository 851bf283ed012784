import { UsageError, type FlagSpecs, type FlagValues } from '../flags.js';
import { pairs } from './input.js';

/** What shall run on a rented machine; the same words for `create` and `reserve`. */
export const RENTAL_FLAGS = {
  image: { kind: 'text', value: 'IMAGE', help: "container image (default: the server's)" },
  disk: { kind: 'number', value: 'GB', help: 'disk size' },
  ports: { kind: 'text', value: '8000,8001', help: 'container ports; "none" = no service' },
  env: { kind: 'list', value: 'NAME=value', help: 'environment variable of the container' },
  command: {
    kind: 'text',
    value: 'TEXT',
    help: 'arguments of the container, split at blanks outside quotes',
  },
  onstart: { kind: 'text', value: 'TEXT', help: 'script to run when the machine starts' },
  hours: { kind: 'number', value: 'N', help: 'hours to pay ahead on prepaid farms' },
  health: { kind: 'text', value: 'PATH', help: 'path that answers 2xx once the service is up' },
  'health-port': { kind: 'number', value: 'PORT', help: 'container port of that path' },
} as const satisfies FlagSpecs;

/** The configuration as the server calls it; what was not given is undefined. */
export function rentalConfigOf(flags: FlagValues<typeof RENTAL_FLAGS>): Record<string, unknown> {
  return {
    image: flags.image,
    disk_gb: flags.disk,
    ports: flags.ports === undefined ? undefined : readPorts(flags.ports),
    env: pairs('env', flags.env, '='),
    command: flags.command === undefined ? undefined : splitWords(flags.command),
    onstart: flags.onstart,
    duration_hours: flags.hours,
    health: healthOf(flags.health, flags['health-port']),
  };
}

/** Words as a shell would read them, as far as blanks and quotes go. */
export function splitWords(text: string): string[] {
  const words = text.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, (_, double, single) => double ?? single));
}

function readPorts(text: string): number[] {
  if (text === 'none') return [];
  return text.split(',').map((word) => {
    const port = Number(word);
    if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
    throw new UsageError(`-ports is a list of ports such as 8000,8001, or none, not "${text}"`);
  });
}

function healthOf(path: string | undefined, port: number | undefined): object | undefined {
  if (path === undefined && port !== undefined) throw new UsageError('-health-port needs -health PATH');
  return path === undefined ? undefined : { path, port };
}
