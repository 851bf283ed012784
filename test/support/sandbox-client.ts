import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Sandbox } from '../../src/sandbox/sandbox.js';

export interface FarmReply<T = Record<string, unknown>> {
  status: number;
  contentType: string;
  text: string;
  body: T;
}

interface CallOptions {
  body?: unknown;
  /** Undefined: the right key. Null: none. */
  key?: string | null;
}

/** A bare client of the simulated vast.ai, written for tests. */
export function vastCaller(sandbox: Sandbox) {
  const { url, apiKey } = sandbox.vastAi;
  return <T = Record<string, unknown>>(
    method: string,
    path: string,
    { body, key = apiKey }: CallOptions = {},
  ) => call<T>(`${url}${path}`, method, key === null ? {} : { authorization: `Bearer ${key}` }, body);
}

/** A bare client of the simulated io.net; paths are relative to the `/caas` prefix. */
export function ioNetCaller(sandbox: Sandbox) {
  const { url, apiKey } = sandbox.ioNet;
  return <T = Record<string, unknown>>(
    method: string,
    path: string,
    { body, key = apiKey }: CallOptions = {},
  ) => call<T>(`${url}${path}`, method, key === null ? {} : { 'x-api-key': key }, body);
}

async function call<T>(
  url: string,
  method: string,
  headers: Record<string, string>,
  body: unknown,
): Promise<FarmReply<T>> {
  const content = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...content,
  });
  const text = await response.text();
  const contentType = response.headers.get('content-type') ?? '';
  return {
    status: response.status,
    contentType,
    text,
    body: (contentType.includes('json') ? JSON.parse(text) : text) as T,
  };
}

/** Looks again every few milliseconds until `look` finds something; for states that only a farm's poll can show. */
export async function eventually<T>(
  look: () => T | undefined | Promise<T | undefined>,
  limitMs = 5000,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error('what was waited for did not happen');
    await delay(5);
  }
}

export function readFixture(path: string): unknown {
  return JSON.parse(readFileSync(new URL(`../fixtures/${path}`, import.meta.url), 'utf8'));
}

export interface VastRow {
  id: number;
  machine_id: number;
  actual_status: string | null;
  intended_status: string;
  cur_state: string;
  next_state: string;
  status_msg: string | null;
  label: string | null;
  public_ipaddr: string;
  ports: Record<string, { HostIp: string; HostPort: string }[]> | null;
  dph_total: number;
  [column: string]: unknown;
}

/** Rents an ask of the simulated vast.ai and returns the contract's id. */
export async function rentVast(sandbox: Sandbox, askId: number, more: object = {}): Promise<number> {
  const body = {
    image: 'vllm/vllm-openai:v0.10.0',
    disk: 20,
    env: { '-p 8000:8000': '1' },
    runtype: 'args',
    ...more,
  };
  const reply = await vastCaller(sandbox)<{ new_contract: number }>('PUT', `/api/v0/asks/${askId}/`, {
    body,
  });
  if (reply.status !== 200) throw new Error(`vast.ai did not rent: ${reply.status} ${reply.text}`);
  return reply.body.new_contract;
}

export async function showVast(sandbox: Sandbox, id: number): Promise<VastRow | null> {
  const reply = await vastCaller(sandbox)<{ instances: VastRow | null }>('GET', `/api/v0/instances/${id}/`);
  return reply.body.instances;
}

/** The instance as soon as its `actual_status` is the one asked for. */
export function vastIn(sandbox: Sandbox, id: number, status: string | null): Promise<VastRow> {
  return eventually(async () => {
    const row = await showVast(sandbox, id);
    return row && row.actual_status === status ? row : undefined;
  });
}

export function vastOrigin(row: VastRow, containerPort = 8000): string {
  return `http://${row.public_ipaddr.trim()}:${row.ports?.[`${containerPort}/tcp`]?.[0]?.HostPort}`;
}

export interface IoNetWorkerRow {
  device_id: string;
  container_id: string;
  status: string;
  container_events: { time: string; message: string }[] | null;
  public_url: string | null;
}

export function deployBody(more: object = {}, container: object = {}): object {
  return {
    resource_private_name: `node-${Math.round(performance.now() * 1000)}`,
    duration_hours: 2,
    gpus_per_container: 1,
    hardware_id: 12,
    location_ids: [1, 2],
    container_config: {
      replica_count: 1,
      traffic_port: 8000,
      env_variables: { A: 'b' },
      secret_env_variables: { TOKEN: 's' },
      ...container,
    },
    registry_config: {
      image_url: 'docker.io/vllm/vllm-openai:v0.10.0',
      registry_username: '',
      registry_secret: '',
    },
    ...more,
  };
}

/** Deploys on the simulated io.net and returns the deployment's id. */
export async function deployIoNet(
  sandbox: Sandbox,
  more: object = {},
  container: object = {},
): Promise<string> {
  const reply = await ioNetCaller(sandbox)<{ deployment_id: string }>('POST', '/deploy', {
    body: deployBody(more, container),
  });
  if (reply.status !== 200) throw new Error(`io.net did not deploy: ${reply.status} ${reply.text}`);
  return reply.body.deployment_id;
}

export async function ioNetWorkers(sandbox: Sandbox, id: string): Promise<IoNetWorkerRow[]> {
  const call = ioNetCaller(sandbox);
  const reply = await call<{ data: { workers: IoNetWorkerRow[] } }>('GET', `/deployment/${id}/containers`);
  return reply.body.data.workers;
}

export async function ioNetStatus(sandbox: Sandbox, id: string): Promise<string> {
  const reply = await ioNetCaller(sandbox)<{ data: { status: string } }>('GET', `/deployment/${id}`);
  return reply.body.data.status;
}

/** The replica's address as soon as it has one. */
export function ioNetUrl(sandbox: Sandbox, id: string, replica = 0): Promise<string> {
  return eventually(async () => (await ioNetWorkers(sandbox, id))[replica]?.public_url ?? undefined);
}
