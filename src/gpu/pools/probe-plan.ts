import type { HealthProbe } from './instance.directory.js';
import type { PoolProtocol } from './pool.entity.js';

/** One question to a service: where, and which statuses mean that it serves. */
export interface ProbeStep {
  path: string;
  isHealthy: (status: number) => boolean;
}

const is2xx = (status: number): boolean => status >= 200 && status < 300;
const below500 = (status: number): boolean => status < 500;

const GENERAL: ProbeStep = { path: '/health', isHealthy: is2xx };
const OPEN_INFERENCE: ProbeStep = { path: '/v2/health/ready', isHealthy: is2xx };
const OPENAI: ProbeStep = { path: '/v1/models', isHealthy: is2xx };
/** Whatever answers below 500 at its root is up; asked last because it says the least. */
const ROOT: ProbeStep = { path: '/', isHealthy: below500 };

const FIRST_BY_PROTOCOL: Readonly<Partial<Record<PoolProtocol, ProbeStep>>> = {
  openai: OPENAI,
  openinference: OPEN_INFERENCE,
};

/** The paths to ask, in order; the first healthy answer decides. A path that the owner named is the only one. */
export function probePlan({ path, protocols }: HealthProbe): ProbeStep[] {
  if (path !== undefined) return [{ path, isHealthy: is2xx }];
  const preferred = protocols.flatMap((protocol) => FIRST_BY_PROTOCOL[protocol] ?? []);
  return [...new Set([...preferred, GENERAL, OPEN_INFERENCE, OPENAI, ROOT])];
}
