import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, ioNetCaller, vastCaller } from '../../test/support/sandbox-client.js';
import { startSandbox, type Sandbox } from './sandbox.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ timeScale: 2000, rateScale: 0 });
});
afterAll(() => sandbox.close());

interface Instance {
  actual_status: string | null;
  public_ipaddr: string;
  ports: Record<string, { HostPort: string }[]> | null;
}

test('vast.ai: search, rent, boot, chat with the machine, destroy', async () => {
  const call = vastCaller(sandbox);
  const { body } = await call<{ offers: { id: number; gpu_name: string }[] }>('POST', '/api/v0/bundles/', {
    body: { gpu_name: { eq: 'RTX 4090' }, num_gpus: { eq: 1 }, direct_port_count: { gte: 2 } },
  });
  const [offer] = body.offers;
  const rented = await call<{ new_contract: number }>('PUT', `/api/v0/asks/${offer.id}/`, {
    body: {
      image: 'vllm/vllm-openai:v0.10.0',
      disk: 20,
      env: { '-p 8000:8000': '1', MODEL: 'qwen' },
      label: 'one',
    },
  });
  const path = `/api/v0/instances/${rented.body.new_contract}/`;
  const instance = await eventually(async () => {
    const shown = await call<{ instances: Instance }>('GET', path);
    return shown.body.instances.actual_status === 'running' ? shown.body.instances : undefined;
  });
  const origin = `http://${instance.public_ipaddr.trim()}:${instance.ports?.['8000/tcp'][0].HostPort}`;
  const answer = await fetch(`${origin}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model: 'qwen', messages: [{ role: 'user', content: 'What is a GPU?' }] }),
  });
  expect(JSON.stringify(await answer.json())).toContain('served by RTX 4090 of machine');
  expect((await call('DELETE', path, { body: {} })).body.success).toBe(true);
  expect((await call('GET', path)).body).toEqual({ instances: null });
  await expect(fetch(origin)).rejects.toThrow();
  expect(sandbox.vastAi.control.books().active).toEqual([]);
});

test('io.net: price, deploy, public address, destroy', async () => {
  const call = ioNetCaller(sandbox);
  const deployed = await call<{ deployment_id: string }>('POST', '/deploy', {
    body: {
      resource_private_name: 'one',
      duration_hours: 2,
      gpus_per_container: 1,
      hardware_id: 12,
      location_ids: [1],
      container_config: { replica_count: 1, traffic_port: 8000, env_variables: {} },
      registry_config: { image_url: 'vllm/vllm-openai:v0.10.0' },
    },
  });
  const path = `/deployment/${deployed.body.deployment_id}`;
  const url = await eventually(async () => {
    const { body } = await call<{ data: { workers: { public_url: string | null }[] } }>(
      'GET',
      `${path}/containers`,
    );
    return body.data.workers[0]?.public_url ?? undefined;
  });
  expect(await (await fetch(`${url}/v1/models`)).text()).toContain('sandbox/tiny-llm');
  expect((await call('DELETE', path)).body.status).toBe('termination requested');
  await eventually(() => sandbox.ioNet.control.books().ended[0]);
  expect(sandbox.ioNet.control.books().active).toEqual([]);
});
