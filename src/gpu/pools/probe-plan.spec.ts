import { describe, expect, it } from 'vitest';
import { probePlan } from './probe-plan.js';

const paths = (plan: ReturnType<typeof probePlan>): string[] => plan.map(({ path }) => path);

describe('probePlan', () => {
  it('asks the named path only, and only 2xx counts', () => {
    const [step, ...others] = probePlan({ path: '/ready', protocols: ['openai'] });
    expect(others).toEqual([]);
    expect(step.path).toBe('/ready');
    expect([200, 204].map(step.judge)).toEqual(['healthy', 'healthy']);
    expect([301, 404, 500].map(step.judge)).toEqual(['unhealthy', 'unhealthy', 'unhealthy']);
  });

  it('tries the usual paths, the root last, where anything below 500 counts', () => {
    const plan = probePlan({ protocols: ['http'] });
    expect(paths(plan)).toEqual(['/health', '/v2/health/ready', '/v1/models', '/']);
    expect([200, 404, 503].map(plan[3].judge)).toEqual(['healthy', 'healthy', 'unhealthy']);
  });

  it('goes on where a usual path is missing, and believes a service that says it is not ready', () => {
    const [health] = probePlan({ protocols: ['http'] });
    expect([404, 401, 405, 500].map(health.judge)).toEqual(['unclear', 'unclear', 'unclear', 'unclear']);
    expect(health.judge(503)).toBe('unhealthy');
  });

  it('begins with what the protocol of its pool suggests', () => {
    expect(paths(probePlan({ protocols: ['openinference'] }))[0]).toBe('/v2/health/ready');
    expect(paths(probePlan({ protocols: ['http', 'openai'] }))[0]).toBe('/v1/models');
    expect(paths(probePlan({ protocols: ['openai'] }))).toHaveLength(4);
  });
});
