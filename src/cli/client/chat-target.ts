import { UsageError } from '../flags.js';
import type { Api } from './api.js';
import { CliError } from './errors.js';
import { route } from './route.js';
import type { Pool } from './wire.js';

export interface ChatTarget {
  path: string;
  model: string;
}

/** Pools have plain names; a word with a slash can only be a model, or `pool/model`, which the server resolves. */
const CAN_BE_POOL = /^[\w.-]+$/;

/** Where a question goes: to the caller's pool of that name, else to whatever pool serves the model of that name. */
export async function chatPath(api: Api, name: string, model?: string): Promise<ChatTarget> {
  const pool = CAN_BE_POOL.test(name) ? await findPool(api, name) : undefined;
  if (!pool) return { path: '/v1/chat/completions', model: name };
  const base = route`/api/v1/gpu/pools/${name}/proxy/v1`;
  return {
    path: `${base}/chat/completions`,
    model: model ?? pool.models.at(0) ?? (await firstServedModel(api, base, name)),
  };
}

async function findPool(api: Api, name: string): Promise<Pool | undefined> {
  try {
    return (await api.request<Pool>('GET', route`/api/v1/gpu/pools/${name}`)).data;
  } catch (error) {
    if (error instanceof CliError && error.problem.status === 404) return undefined;
    throw error;
  }
}

async function firstServedModel(api: Api, base: string, pool: string): Promise<string> {
  const { data } = await api.request<{ data?: { id: string }[] }>('GET', `${base}/models`);
  const model = data.data?.at(0)?.id;
  if (model === undefined) throw new UsageError(`pool ${pool} names no model: give one with -model NAME`);
  return model;
}
