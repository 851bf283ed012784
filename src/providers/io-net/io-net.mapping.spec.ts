import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fixture, fixtureText } from '../../../test/support/fixtures.js';
import type { RentRequest } from '../gpu-provider.js';
import type { WireObject } from '../wire-guards.js';
import { logLines, parseInstant, toContract, toDeployBody, toOffer } from './io-net.mapping.js';
import {
  dataOf,
  readDeploymentPage,
  readHardware,
  readLocations,
  readTotalCost,
  readWorkers,
} from './io-net.wire.js';

const NOW = Date.parse('2026-10-09T00:00:00Z');
const ID = 'b8c3f6a2-4d1e-4f7a-9a55-0c6de1a7f301';

const deployment = (state: string): WireObject =>
  dataOf(fixture(`ionet/deployment.${state}.response.json`)) ?? {};
const workers = (state: string): WireObject[] | undefined =>
  readWorkers(fixture(`ionet/containers.${state}.response.json`));

describe('the state of a deployment', () => {
  it.each([
    ['deployment-requested', 'none-yet', 'pending', 'deployment requested'],
    ['running', 'none-yet', 'pending', undefined],
    ['running', 'pulling', 'pending', 'Downloading image'],
    ['running', 'running', 'running', undefined],
    ['running', 'running-events-null', 'running', undefined],
    ['running', 'two-replicas-one-ready', 'running', undefined],
    ['running-uppercase', 'running', 'running', undefined],
    ['running', 'failed', 'failed', 'Failed to pull image: manifest unknown'],
    ['failed', 'none-yet', 'failed', 'deployment failed'],
    ['completed', 'none-yet', 'gone', 'contract_end'],
    ['termination-requested', 'running', 'stopped', 'termination requested'],
    ['destroyed', 'none-yet', 'gone', undefined],
  ])('%s with containers %s is %s', (status, containers, state, reason) => {
    const contract = toContract(deployment(status), workers(containers), NOW);
    expect([contract.state, contract.reason]).toEqual([state, reason]);
  });

  it('waits for words that nobody knows yet', () => {
    const paused = { ...deployment('running'), status: 'payment_required' };
    expect(toContract(paused, undefined, NOW)).toMatchObject({
      state: 'pending',
      reason: 'payment_required',
    });
  });
});

describe('a contract', () => {
  it('has one service, at key 0 and at the port that it leads to', () => {
    const contract = toContract(deployment('running'), workers('running'), NOW);
    expect(contract.contractId).toBe(ID);
    expect([...contract.origins]).toEqual([
      [0, 'https://8f2c1ad0.container.io.solutions'],
      [8000, 'https://8f2c1ad0.container.io.solutions'],
    ]);
  });

  it('ends when the hours that were paid for are over, in UTC', () => {
    const contract = toContract(deployment('running'), workers('running'), NOW);
    expect(contract.startedAt).toBe(Date.parse('2026-10-08T22:06:40.101Z'));
    expect((contract.endsAt ?? 0) - (contract.startedAt ?? 0)).toBe(24 * 3_600_000);
  });

  it('has no end yet before it starts, and none any more after it', () => {
    expect(toContract(deployment('deployment-requested'), undefined, NOW).endsAt).toBeUndefined();
    expect(toContract(deployment('destroyed'), undefined, NOW).endsAt).toBeUndefined();
  });

  it('takes no address that is none of HTTP', () => {
    const odd = [{ status: 'running', public_url: 'ftp://x' }];
    expect(toContract(deployment('running'), odd, NOW).origins.size).toBe(0);
  });

  it('ends in the list so many minutes from now', () => {
    const [row] = readDeploymentPage(fixture('ionet/deployments.response.json'))?.deployments ?? [];
    expect(toContract(row, undefined, NOW)).toMatchObject({
      label: 'gpuproxy-prod-node-00',
      endsAt: NOW + 840 * 60_000,
    });
  });
});

describe('instants', () => {
  beforeEach(() => void vi.stubEnv('TZ', 'Europe/Berlin'));
  afterEach(() => void vi.unstubAllEnvs());

  it.each([
    ['2025-10-03T06:46:25.316056', '2025-10-03T06:46:25.316Z'],
    ['2025-10-03T06:46:25', '2025-10-03T06:46:25.000Z'],
    ['2025-10-03T06:46:25.316056Z', '2025-10-03T06:46:25.316Z'],
    ['2025-10-03T06:46:25+02:00', '2025-10-03T04:46:25.000Z'],
  ])('%s is %s', (text, expected) => {
    expect(new Date(parseInstant(text) ?? 0).toISOString()).toBe(expected);
  });

  it('are absent when they are no instants', () => {
    expect([null, '', 'soon', 5].map(parseInstant)).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe('recorded answers', () => {
  it('are read', () => {
    const hardware = readHardware(fixture('ionet/max-gpus-per-container.response.json'));
    expect(hardware?.find(({ hardwareId }) => hardwareId === 12)).toEqual({
      hardwareId: 12,
      name: 'GeForce RTX 4090',
      brand: 'NVIDIA',
      maxGpus: 8,
      available: 792,
    });
    expect(readLocations(fixture('ionet/available-replicas.response.json'))?.[0]).toEqual({
      id: 1,
      countryCode: 'US',
      name: 'United States',
      replicas: 311,
    });
    expect(readLocations(fixture('ionet/available-replicas.none.response.json'))).toEqual([]);
    const price = fixture<{ body: unknown }>('ionet/price.response.json').body;
    expect(readTotalCost(price)).toBe(7.36236);
  });

  it('with string ids of the other listing are left out', () => {
    const captured = fixture<{ data: unknown[] }>('ionet/hardware-ids.captured.json');
    const hardware = readHardware({ data: { hardware: captured.data } });
    expect(hardware?.every(({ hardwareId }) => Number.isInteger(hardwareId))).toBe(true);
    expect(hardware?.length).toBeGreaterThan(5);
  });

  it('of a wrong shape are none', () => {
    expect(readDeploymentPage({ data: { deployments: null, total: 0 } })).toBeUndefined();
    expect(readDeploymentPage({ data: { deployments: [{}], total: 1 } })).toBeUndefined();
    expect(readDeploymentPage({ data: { deployments: [] } })).toBeUndefined();
    expect(readHardware({ data: [] })).toBeUndefined();
    expect(readTotalCost({ data: { total_cost_usdc: '1' } })).toBeUndefined();
  });
});

describe('an offer', () => {
  it('is a kind of hardware, a number of GPUs and a place', () => {
    const hardware = { hardwareId: 12, name: 'GeForce RTX 4090', brand: 'NVIDIA', maxGpus: 8, available: 9 };
    const location = { id: 3, countryCode: 'DE', name: 'Germany', replicas: 118 };
    expect(toOffer(hardware, location, { gpus: 2, pricePerHour: 0.61 })).toMatchObject({
      offerId: '12-2x-3',
      capacity: 118,
      gpuCount: 2,
      vramGb: 24,
      pricePerHour: 0.61,
      location: 'Germany',
      countryCode: 'DE',
      specifications: { minimum_hours: 1, hardware_id: 12, location_id: 3 },
    });
  });
});

describe('the body of a deployment', () => {
  const recorded = fixture<{ body: Record<string, Record<string, unknown>> }>(
    'ionet/deploy.request.json',
  ).body;
  const request: RentRequest = {
    offerId: '12-1x-1',
    label: 'gpuproxy-prod-node-01hzx',
    image: 'docker.io/vllm/vllm-openai:v0.10.0',
    diskGb: 60,
    env: { MODEL_ID: 'Qwen/Qwen2.5-7B-Instruct' },
    ports: [8000, 9000],
    command: ['--model', 'Qwen/Qwen2.5-7B-Instruct', '--port', '8000'],
    durationHours: 24,
  };
  const selection = { hardwareId: 12, gpus: 1, locationId: 1 };

  it('is nested like the one that works, with one replica', () => {
    const {
      entrypoint: _entrypoint,
      secret_env_variables: _secrets,
      ...container
    } = recorded.container_config;
    expect(toDeployBody(request, selection)).toEqual({
      ...recorded,
      location_ids: [1],
      container_config: container,
    });
  });

  it('runs a shell instead of the entrypoint', () => {
    const { container_config: container } = toDeployBody(
      { ...request, command: undefined, onstart: 'vllm serve' },
      selection,
    );
    expect(container).toMatchObject({ entrypoint: ['/bin/sh', '-c'], args: ['vllm serve'] });
  });

  it('sends no empty lists, which the farm refuses', () => {
    const { container_config: container } = toDeployBody({ ...request, command: [], env: {} }, selection);
    expect(container).toEqual({ replica_count: 1, traffic_port: 8000 });
  });

  it('puts a private registry in front of the image, once', () => {
    const registry = { server: 'https://registry.example.com/', username: 'robot', password: 's3cret' };
    const imageOf = (image: string): object =>
      toDeployBody({ ...request, image, registry }, selection).registry_config;
    const expected = {
      image_url: 'registry.example.com/acme/x:1',
      registry_username: 'robot',
      registry_secret: 's3cret',
    };
    expect(imageOf('acme/x:1')).toEqual(expected);
    expect(imageOf('registry.example.com/acme/x:1')).toEqual(expected);
  });
});

describe('logLines', () => {
  it('takes the lines out of an event stream', () => {
    const lines = logLines(fixtureText('ionet/log.stream.txt')).split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[2]).toMatch(/^INFO: {5}Uvicorn running/);
  });

  it('leaves plain text as it is', () => {
    expect(logLines('one\r\n\r\ntwo\n')).toBe('one\ntwo');
  });
});
