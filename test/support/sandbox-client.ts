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
