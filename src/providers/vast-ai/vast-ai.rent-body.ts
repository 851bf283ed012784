import type { RentRequest } from '../gpu-provider.js';
import { providerRejected } from '../providers.errors.js';
import type { VastRentBody } from './vast-ai.wire.js';

const SMALLEST_DISK_GB = 8;

export function rentedDiskGb(diskGb: number): number {
  return Math.max(SMALLEST_DISK_GB, Math.ceil(diskGb));
}

/** The body of `PUT /api/v0/asks/{id}/`. Without `price` it is an on-demand contract. */
export function toRentBody(request: RentRequest): VastRentBody {
  const { image, label, env, ports, command, onstart, registry } = request;
  return {
    client_id: 'me',
    image,
    disk: rentedDiskGb(request.diskGb),
    label,
    runtype: onstart ? 'ssh_direct' : 'args',
    ...(command ? { args: command } : {}),
    ...(onstart ? { onstart } : {}),
    env: { ...env, ...portFlags(ports) },
    ...(registry ? { image_login: toImageLogin(registry) } : {}),
    target_state: 'running',
    cancel_unavail: true,
  };
}

/** Ports ride in the variables. The outer number is ignored: the public port is random. */
function portFlags(ports: readonly number[]): Record<string, string> {
  return Object.fromEntries(ports.map((port) => [`-p ${port}:${port}`, '1']));
}

/** Docker login flags in one text, which therefore cannot carry white space. */
function toImageLogin({ server, username, password }: NonNullable<RentRequest['registry']>): string {
  if ([server, username, password].some((part) => /\s/.test(part))) {
    throw providerRejected('vast.ai', 'registry server, username and password cannot contain white space.');
  }
  return `-u ${username} -p ${password} ${server}`;
}
