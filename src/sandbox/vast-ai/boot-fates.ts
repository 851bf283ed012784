import type { ActualStatus } from './vast-contract.js';

/** What a contract may run into while it boots; `no_ports` runs and maps nothing. */
export type VastFate = BootFailure | 'no_ports';

type BootFailure =
  'stuck_loading' | 'oci_error' | 'image_pull_error' | 'registry_auth_error' | 'exits_at_start';

interface Outcome {
  status: ActualStatus;
  message: (image: string, gigabytes: number) => string;
}

const DAEMON = 'Error response from daemon:';

/** None of these recovers by itself. */
export const FATE_OUTCOMES: Readonly<Record<BootFailure, Outcome>> = {
  stuck_loading: {
    status: 'loading',
    message: (_, gigabytes) => `9aee425378d2: Downloading 0.02GB/${gigabytes.toFixed(2)}GB\n`,
  },
  oci_error: {
    status: 'created',
    message: () =>
      `${DAEMON} failed to create task for container: failed to create shim task: OCI runtime create failed: ` +
      'runc create failed: unable to start container process: error during container init: ' +
      'nvidia-container-cli: initialization error\n',
  },
  image_pull_error: {
    status: 'created',
    message: (image) => `${DAEMON} manifest for ${image} not found: manifest unknown\n`,
  },
  registry_auth_error: {
    status: 'loading',
    message: (image) =>
      `${DAEMON} pull access denied for ${image.split(':')[0]}, repository does not exist or may require ` +
      "'docker login'\n",
  },
  exits_at_start: { status: 'exited', message: () => 'container exited\n' },
};

export function isBootFailure(fate: string): fate is BootFailure {
  return Object.hasOwn(FATE_OUTCOMES, fate);
}
