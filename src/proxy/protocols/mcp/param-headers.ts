import { encodeHeaderValue } from './header-values.js';
import { isObject, type JsonObject } from './mcp-wire.js';

/** An argument of a tool that its server wants to see in a header as well. */
export interface ParamHeader {
  name: string;
  /** Where in the arguments its value is. */
  path: readonly string[];
}

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
const TYPES = new Set(['string', 'integer', 'boolean']);

/**
 * The `x-mcp-header` annotations of an inputSchema, which are valid on primitive properties that a chain of
 * `properties` leads to; undefined when one is not, which makes the whole tool invalid.
 */
export function paramHeadersOf(schema: unknown): ParamHeader[] | undefined {
  const found: ParamHeader[] = [];
  if (!collect(schema, [], found)) return undefined;
  const names = new Set(found.map(({ name }) => name.toLowerCase()));
  return names.size === found.length ? found : undefined;
}

function collect(schema: unknown, path: readonly string[], found: ParamHeader[]): boolean {
  if (!isObject(schema)) return true;
  const name = schema['x-mcp-header'];
  if (name !== undefined) {
    if (path.length === 0 || !isValid(name, schema.type)) return false;
    found.push({ name, path });
  }
  const { properties, ...others } = schema;
  if (isAnnotatedInside(others)) return false;
  const children = isObject(properties) ? Object.entries(properties) : [];
  return children.every(([key, child]) => collect(child, [...path, key], found));
}

function isValid(name: unknown, type: unknown): name is string {
  return typeof name === 'string' && TOKEN.test(name) && TYPES.has(String(type));
}

/** Under any other keyword (`items`, `anyOf`, `$defs`, …) an annotation is out of place. */
function isAnnotatedInside(keywords: JsonObject): boolean {
  return Object.values(keywords).some((value) => {
    if (Array.isArray(value)) return value.some((item) => isObject(item) && isAnnotated(item));
    return isObject(value) && isAnnotated(value);
  });
}

function isAnnotated(schema: JsonObject): boolean {
  return 'x-mcp-header' in schema || isAnnotatedInside(schema);
}

/** Flat headers for a call with these arguments; what is absent or null has none. */
export function paramHeaders(declared: readonly ParamHeader[], args: unknown): string[] {
  return declared.flatMap(({ name, path }) => {
    const value = path.reduce<unknown>((node, key) => (isObject(node) ? node[key] : undefined), args);
    const text = textOf(value);
    return text === undefined ? [] : [`mcp-param-${name}`, encodeHeaderValue(text)];
  });
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || Number.isSafeInteger(value)) return String(value);
  return undefined;
}
