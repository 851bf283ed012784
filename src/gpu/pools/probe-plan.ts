import type { HealthProbe } from './instance.directory.js';
import type { PoolProtocol } from './pool.entity.js';

/** What one status says: it serves, it does not, or this path tells nothing and the next one is to be asked. */
export type ProbeVerdict = 'healthy' | 'unhealthy' | 'unclear';

/** One question to a service. */
export interface ProbeStep {
  path: string;
  judge: (status: number) => ProbeVerdict;
}

const SERVICE_UNAVAILABLE = 503;
const is2xx = (status: number): boolean => status >= 200 && status < 300;

const onlyOk = (status: number): ProbeVerdict => (is2xx(status) ? 'healthy' : 'unhealthy');
const below500 = (status: number): ProbeVerdict => (status < 500 ? 'healthy' : 'unhealthy');

/**
 * A path that is not there says nothing. A 503 is the service's own word that it is not ready (vLLM with a dead
 * engine: 503 on /health, 200 on /v1/models), so that no other path is asked then.
 */
function usual(status: number): ProbeVerdict {
  if (is2xx(status)) return 'healthy';
  return status === SERVICE_UNAVAILABLE ? 'unhealthy' : 'unclear';
}

const GENERAL: ProbeStep = { path: '/health', judge: usual };
const OPEN_INFERENCE: ProbeStep = { path: '/v2/health/ready', judge: usual };
const OPENAI: ProbeStep = { path: '/v1/models', judge: usual };
/** Whatever answers below 500 at its root is up; asked last because it says the least. */
const ROOT: ProbeStep = { path: '/', judge: below500 };

const FIRST_BY_PROTOCOL: Readonly<Partial<Record<PoolProtocol, ProbeStep>>> = {
  openai: OPENAI,
  openinference: OPEN_INFERENCE,
};

/** The paths to ask, in order, until one is clear. A path that the owner named is the only one. */
export function probePlan({ path, protocols }: HealthProbe): ProbeStep[] {
  if (path !== undefined) return [{ path, judge: onlyOk }];
  const preferred = protocols.flatMap((protocol) => FIRST_BY_PROTOCOL[protocol] ?? []);
  return [...new Set([...preferred, GENERAL, OPEN_INFERENCE, OPENAI, ROOT])];
}
