import { memberSources } from '../../json-source.js';
import { writeObject } from './mcp-message.js';
import type { OutgoingCall } from './mcp-request.js';
import type { Tool } from './tool-catalogue.js';

/** No method of MCP, but what people who want an answer from a model may write. */
export const INFERENCE = 'inference';

/** What servers call a tool that does it. */
const USUAL_NAMES = new Set(['inference', 'generate', 'completion', 'chat']);

/**
 * `inference` as a call of the tool in `params.tool`, or of the only one that goes by a usual name, with the other
 * params as its arguments; undefined when there is no such tool, or more than one.
 */
export function asToolCall(
  { params, paramsSource }: OutgoingCall,
  tools: readonly Tool[],
): OutgoingCall | undefined {
  const asked = tools.filter(({ name }) =>
    params.tool === undefined ? USUAL_NAMES.has(name) : name === params.tool,
  );
  if (asked.length !== 1) return undefined;
  const [{ name }] = asked;
  const { tool: _, _meta: meta, ...args } = params;
  const sources = memberSources(paramsSource);
  const call = new Map([['name', JSON.stringify(name)]]);
  const metaSource = sources.get('_meta');
  if (metaSource !== undefined) call.set('_meta', metaSource);
  sources.delete('tool');
  sources.delete('_meta');
  return {
    method: 'tools/call',
    params: { name, arguments: args, ...(meta === undefined ? {} : { _meta: meta }) },
    paramsSource: writeObject(call.set('arguments', writeObject(sources))),
  };
}
