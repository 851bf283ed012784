/** A schema of an OpenAPI document, as far as the tests read it. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: readonly unknown[];
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  items?: Schema;
  allOf?: readonly Schema[];
  oneOf?: readonly Schema[];
  anyOf?: readonly Schema[];
  minimum?: number;
  maximum?: number;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header' | 'cookie';
  required?: boolean;
  schema?: Schema;
}

export interface OpenApiDocument {
  paths: Readonly<Record<string, Readonly<Record<string, RawOperation>>>>;
  components?: { schemas?: Readonly<Record<string, Schema>> };
}

interface RawOperation {
  parameters?: readonly Parameter[];
  requestBody?: { content?: Readonly<Record<string, { schema?: Schema }>> };
  responses?: Readonly<Record<string, unknown>>;
}

/** One operation, with its body's schema found. */
export interface Operation {
  method: string;
  path: string;
  pathParameters: readonly Parameter[];
  queryParameters: readonly Parameter[];
  headerParameters: readonly Parameter[];
  body: Schema | undefined;
}

const METHODS = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch']);

export function operationsOf(document: OpenApiDocument): Operation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => METHODS.has(method))
      .map(([method, { parameters = [], requestBody }]) => ({
        method: method.toUpperCase(),
        path,
        pathParameters: parameters.filter((parameter) => parameter.in === 'path'),
        queryParameters: parameters.filter((parameter) => parameter.in === 'query'),
        headerParameters: parameters.filter((parameter) => parameter.in === 'header'),
        body: bodyOf(document, requestBody),
      })),
  );
}

function bodyOf(document: OpenApiDocument, body: RawOperation['requestBody']): Schema | undefined {
  const schema = body?.content?.['application/json']?.schema;
  return schema && resolve(document, schema);
}

/** Follows references and puts the parts of `allOf` together. */
export function resolve(document: OpenApiDocument, schema: Schema): Schema {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1) ?? '';
    return resolve(document, document.components?.schemas?.[name] ?? {});
  }
  if (!schema.allOf) return schema;
  const parts = schema.allOf.map((part) => resolve(document, part));
  return Object.assign({}, ...parts, schema, {
    properties: Object.assign({}, ...parts.map(({ properties }) => properties), schema.properties),
    required: [...parts.flatMap(({ required = [] }) => required), ...(schema.required ?? [])],
  }) as Schema;
}

/** The path with values in the place of its parameters, each percent-encoded but for `{path}`. */
export function fillPath(
  template: string,
  values: Readonly<Record<string, string>>,
  otherwise = 'x',
): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name] ?? otherwise;
    return name === 'path' ? value : encodeURIComponent(value);
  });
}
