import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../../../common/clock.js';
import { NOBODY, type McpChannel } from './mcp-channel.js';
import type { OutgoingCall } from './mcp-request.js';
import { isObject, type JsonObject } from './mcp-wire.js';
import { paramHeaders, paramHeadersOf, type ParamHeader } from './param-headers.js';

export interface Tool {
  name: string;
  /** Undefined: wrongly annotated, so that no client may call it with headers. */
  paramHeaders: readonly ParamHeader[] | undefined;
}

interface Entry {
  tools: readonly Tool[];
  until: number;
}

const KEPT_MS = 600_000;
const MOST_SERVERS = 1000;
const MOST_PAGES = 50;

/** The tools of servers, as far as they had to be asked for. */
@Injectable()
export class ToolCatalogue {
  private readonly entries = new LRUCache<string, Entry>({ max: MOST_SERVERS });

  constructor(private readonly clock: Clock) {}

  /** What is known of the server. Empty when it has no tools or does not tell. */
  async toolsOf(channel: McpChannel, signal: AbortSignal): Promise<readonly Tool[]> {
    return this.known(channel.key) ?? this.refresh(channel, signal);
  }

  async refresh(channel: McpChannel, signal: AbortSignal): Promise<readonly Tool[]> {
    let params: JsonObject = {};
    for (let page = 0; page < MOST_PAGES; page++) {
      const result = await listPage(channel, params, signal);
      this.learn(channel.key, params, result);
      if (typeof result.nextCursor !== 'string') break;
      params = { cursor: result.nextCursor };
    }
    return this.known(channel.key) ?? [];
  }

  /** Takes in a page of tools/list, whoever asked for it. */
  learn(key: string, { cursor }: JsonObject, result: JsonObject): void {
    const before = cursor === undefined ? [] : (this.known(key) ?? []);
    this.entries.set(key, { tools: [...before, ...toolsIn(result)], until: this.clock.now() + KEPT_MS });
  }

  /** Flat headers for a tools/call, as far as the tool is known here: asking first would double every call. */
  headersFor({ key, isModern }: McpChannel, { method, params }: OutgoingCall): string[] {
    if (!isModern || method !== 'tools/call') return [];
    const tool = this.known(key)?.find(({ name }) => name === params.name);
    return paramHeaders(tool?.paramHeaders ?? [], params.arguments);
  }

  private known(key: string): readonly Tool[] | undefined {
    const entry = this.entries.get(key);
    return entry && entry.until > this.clock.now() ? entry.tools : undefined;
  }
}

async function listPage(channel: McpChannel, params: JsonObject, signal: AbortSignal): Promise<JsonObject> {
  const call = { method: 'tools/list', params, paramsSource: JSON.stringify(params) };
  const options = { isNotification: false, extraHeaders: [], observer: NOBODY, signal };
  const { message } = await channel.call(call, options);
  return isObject(message?.value.result) ? message.value.result : {};
}

function toolsIn({ tools }: JsonObject): Tool[] {
  if (!Array.isArray(tools)) return [];
  return tools.filter(isObject).map(({ name, inputSchema }) => ({
    name: String(name),
    paramHeaders: paramHeadersOf(inputSchema),
  }));
}
