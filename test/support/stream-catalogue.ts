import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Frame } from './ws-client.js';

type Schema = Record<string, unknown>;
interface Message {
  payload: Schema;
}
interface Catalogue {
  channels: { stream: { messages: Record<string, Message> } };
  operations: Record<'say' | 'hear', { messages: { $ref: string }[] }>;
  components: { schemas: Record<string, Schema> };
}

export interface Judge {
  /** What is wrong with a frame of the server; empty = nothing. */
  problemsOf(frame: Frame): string[];
  /** Types of frames of which none was judged. */
  unheard(): string[];
  /** Names of events of which none was judged. */
  untold(): string[];
}

/** Fetches the event catalogue and judges frames by it: each property has to be there, and none may be undocumented. */
export async function fetchJudge(url: string): Promise<Judge> {
  const catalogue = closed(await (await fetch(`${url}/docs-asyncapi`)).json()) as Catalogue;
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema({ $id: 'catalogue', ...catalogue });
  const types = catalogue.operations.hear.messages.map(({ $ref }) => $ref.split('/').at(-1) ?? '');
  const names = [...JSON.stringify(catalogue).matchAll(/"name":\{"const":"([^"]+)"/g)].map(
    ([, name]) => name,
  );
  const heard = new Set<unknown>();
  const problemsOf = (frame: Frame): string[] => {
    heard.add(frame.type).add(frame.data?.name);
    const check: ValidateFunction | undefined = types.includes(frame.type)
      ? ajv.getSchema(`catalogue#/channels/stream/messages/${frame.type}/payload`)
      : undefined;
    if (!check) return [`${frame.type} is not in the catalogue`];
    const isGood = check(frame) as boolean;
    return isGood
      ? []
      : (check.errors ?? []).map(({ instancePath, message }) => `${frame.type}${instancePath} ${message}`);
  };
  const missing = (all: string[]) => (): string[] => all.filter((one) => !heard.has(one));
  return { problemsOf, unheard: missing(types), untold: missing(names) };
}

/** Nothing may be sent that is not described. References are made to the whole document. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) =>
    name === '$ref' && String(inner).startsWith('#/components')
      ? [name, `catalogue${String(inner)}`]
      : [name, closed(inner)],
  );
  const schema = Object.fromEntries(entries) as Schema;
  const isObject = schema.type === 'object' && 'properties' in schema && !('additionalProperties' in schema);
  return isObject ? { ...schema, additionalProperties: false } : schema;
}
