import { invalidArgs } from './vast.errors.js';
import type { VastOffer } from './vast-offer.js';

/** What was rented, read from the body of `PUT /api/v0/asks/{id}/`. */
export interface RentOrder {
  image: string;
  diskGb: number;
  runtype: string;
  args: string[];
  onstart: string | null;
  /** As sent, flags included; the wire shows it as pairs. */
  env: Readonly<Record<string, string>>;
  label: string | null;
  /** Dollars per hour: present = interruptible. */
  bid: number | undefined;
  targetState: 'running' | 'stopped';
}

const RUNTYPES = new Set([
  'args',
  'ssh',
  'ssh_direct',
  'ssh_proxy',
  'jupyter',
  'jupyter_direct',
  'jupyter_proxy',
]);
const LEGACY_RUNTYPES = new Set(['ssh_direc ssh_proxy', 'jupyter_direc ssh_direc ssh_proxy']);
const MAX_COMMAND_LENGTH = 4096;
const MAX_PORTS = 64;

/** @throws FarmRefusal 400 `invalid_args` naming what is wrong */
export function readRentOrder(body: unknown, offer: VastOffer): RentOrder {
  const fields = (body ?? {}) as Record<string, unknown>;
  const args = readArgs(fields, offer.id);
  const order: RentOrder = {
    image: readImage(fields.image, offer.id),
    diskGb: readDisk(fields.disk, offer),
    runtype: readRuntype(fields.runtype, args),
    args,
    onstart: typeof fields.onstart === 'string' ? fields.onstart : null,
    env: readEnv(fields.env, offer.id),
    label: readLabel(fields.label, offer.id),
    bid: readBid(fields.price, offer.id),
    targetState: fields.target_state === 'stopped' ? 'stopped' : 'running',
  };
  if ([...args, order.onstart ?? ''].join('').length > MAX_COMMAND_LENGTH) {
    throw invalidArgs('args and onstart together are longer than 4096 characters', offer.id);
  }
  return order;
}

function readImage(image: unknown, askId: number): string {
  if (typeof image === 'string' && image !== '' && image.length <= 1024) return image;
  throw invalidArgs("'image' is required and must be a docker reference", askId);
}

function readDisk(disk: unknown, offer: VastOffer): number {
  if (disk === undefined) return 10;
  if (typeof disk !== 'number' || disk < 8) throw invalidArgs("'disk' must be at least 8", offer.id);
  if (disk > offer.disk_space) throw invalidArgs("'disk' is larger than the offer's disk_space", offer.id);
  return disk;
}

function readRuntype(runtype: unknown, args: string[]): string {
  if (runtype === undefined) return args.length > 0 ? 'args' : 'ssh';
  if (typeof runtype === 'string' && (RUNTYPES.has(runtype) || LEGACY_RUNTYPES.has(runtype))) return runtype;
  throw invalidArgs("'runtype' is unknown");
}

function readArgs({ args, args_str: argsText }: Record<string, unknown>, askId: number): string[] {
  if (typeof argsText === 'string') return argsText.split(/\s+/).filter(Boolean);
  if (args === undefined || args === null) return [];
  if (Array.isArray(args) && args.every((arg) => typeof arg === 'string')) return args;
  throw invalidArgs("'args' must be a list of strings", askId);
}

/** A text of docker flags, as templates have it, is not applied here. */
function readEnv(env: unknown, askId: number): Record<string, string> {
  if (env === undefined || env === null || typeof env === 'string') return {};
  if (typeof env !== 'object' || Array.isArray(env)) throw invalidArgs("'env' must be an object", askId);
  const pairs = Object.entries(env).map(([name, value]): [string, string] => [name, String(value)]);
  if (pairs.filter(([name]) => name.startsWith('-p ')).length > MAX_PORTS) {
    throw invalidArgs('more than 64 ports', askId);
  }
  return Object.fromEntries(pairs);
}

function readLabel(label: unknown, askId: number): string | null {
  if (label === undefined || label === null) return null;
  if (typeof label === 'string' && label.length <= 256) return label;
  throw invalidArgs("'label' must be a text of at most 256 characters", askId);
}

function readBid(price: unknown, askId: number): number | undefined {
  if (price === undefined || price === null) return undefined;
  if (typeof price === 'number' && price >= 0.001 && price <= 128) return price;
  throw invalidArgs("'price' must be between 0.001 and 128", askId);
}

export interface PortRequest {
  containerPort: number;
  protocol: 'tcp' | 'udp';
}

const PORT_FLAG = /^-p (\d{1,5}):\d{1,5}(?:\/(tcp|udp))?$/;

/** The container ports to map; SSH run types add their own. */
export function portsOf(order: RentOrder): PortRequest[] {
  const asked = Object.keys(order.env).flatMap((name): PortRequest[] => {
    const match = PORT_FLAG.exec(name);
    return match ? [{ containerPort: Number(match[1]), protocol: match[2] === 'udp' ? 'udp' : 'tcp' }] : [];
  });
  return order.runtype.includes('ssh') ? [...asked, { containerPort: 22, protocol: 'tcp' }] : asked;
}

/** The variables without the docker flags that ride along. */
export function variablesOf(order: RentOrder): Record<string, string> {
  return Object.fromEntries(Object.entries(order.env).filter(([name]) => !name.startsWith('-')));
}
