import { memberSources } from '../../../json-source.js';
import type { InferenceRequest } from './inference-request.js';

/** Members of the body that are no parameters of the model. */
const NO_PARAMETERS: ReadonlySet<string> = new Set([
  'model',
  'prompt',
  'messages',
  'inputs',
  'stream',
  'chat_template',
  'parameters',
]);
const SCALAR = /^(?:"|-?\d|true$|false$)/;

/**
 * What the caller wants of the model (max_tokens, temperature, …), as it was written; the body's own `parameters` are
 * among them. The protocol has only scalars there, so lists and objects are left out.
 */
export function textParameters({ sources }: InferenceRequest): Map<string, string> {
  const nested = sources.get('parameters');
  const given = [
    ...(nested?.startsWith('{') ? memberSources(nested) : []),
    ...[...sources].filter(([name]) => !NO_PARAMETERS.has(name)),
  ];
  return new Map(given.filter(([, source]) => SCALAR.test(source)));
}

/** A JSON object of members that are sources already. */
export function objectSource(members: Iterable<readonly [string, string]>): string {
  const parts = [...members].map(([name, source]) => `${JSON.stringify(name)}:${source}`);
  return `{${parts.join(',')}}`;
}
