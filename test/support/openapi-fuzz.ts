import fc from 'fast-check';
import { fillPath, type Operation, type Parameter, type Schema } from './openapi.js';

/** A request that is made of the document, more or less as it says. */
export interface FuzzRequest {
  operation: Operation;
  path: string;
  headers: Readonly<Record<string, string>>;
  body: string | undefined;
}

/** Text that has broken something somewhere before. */
const NASTY = fc.constantFrom(
  '',
  ' ',
  '0',
  '-1',
  '1e309',
  'NaN',
  'null',
  'true',
  '../../etc/passwd',
  '..%2f..%2f',
  '%00',
  '%',
  '\u0000',
  '\ud800',
  '\u202e',
  'ＡＢＣ',
  '😀'.repeat(50),
  "' OR 1=1 --",
  '${jndi:ldap://127.0.0.1/x}',
  '<script>alert(1)</script>',
  '{{7*7}}',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '2024-02-30T25:61:00Z',
  '9'.repeat(400),
  'a'.repeat(3000),
);

const ANY_VALUE: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, [], {}, '', 0, -1, 1.5, 1e21, 2 ** 53, [[]], [null]),
  NASTY,
  fc.string({ maxLength: 20 }),
  fc.integer(),
  fc.jsonValue({ maxDepth: 2 }),
);

/** What a schema asks for, and now and then something else. */
function valueOf(schema: Schema, depth = 0): fc.Arbitrary<unknown> {
  const wanted = wantedOf(schema, depth);
  return fc.oneof({ weight: 5, arbitrary: wanted }, { weight: 1, arbitrary: ANY_VALUE });
}

function wantedOf(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  const [choice] = [schema.oneOf, schema.anyOf].filter((list) => list !== undefined);
  if (choice && choice.length > 0) return fc.oneof(...choice.map((one) => valueOf(one, depth + 1)));
  if (schema.enum && schema.enum.length > 0) return fc.constantFrom(...schema.enum);
  const [type] = [schema.type].flat().filter((name) => name !== 'null');
  switch (type) {
    case 'integer':
    case 'number':
      return numberOf(schema, type);
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(depth > 3 ? ANY_VALUE : valueOf(schema.items ?? {}, depth + 1), { maxLength: 3 });
    case 'string':
      return fc.oneof(fc.constantFrom('x', 'vast.ai', 'theirs', 'http://93.184.216.34/'), NASTY);
    default:
      return schema.properties && depth < 4 ? objectOf(schema, depth) : ANY_VALUE;
  }
}

function numberOf({ minimum = 0, maximum = 1000 }: Schema, type: string): fc.Arbitrary<unknown> {
  const edges = fc.constantFrom(minimum, maximum, minimum - 1, maximum + 1);
  const inside =
    type === 'integer' ? fc.integer({ min: Math.ceil(minimum), max: Math.floor(maximum) }) : fc.double();
  return fc.oneof(edges, inside);
}

/** With its required members as a rule, others sometimes, and rarely one that is not known. */
function objectOf({ properties = {}, required = [] }: Schema, depth = 0): fc.Arbitrary<unknown> {
  const members = Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => {
      const value = valueOf(schema, depth + 1);
      const weight = required.includes(name) ? 12 : 1;
      return [name, fc.oneof({ weight, arbitrary: value }, { weight: 2, arbitrary: fc.constant(undefined) })];
    }),
  );
  const extra = fc.dictionary(fc.constantFrom('surprise', 'is_admin', 'user_id', 'id'), ANY_VALUE, {
    maxKeys: 1,
  });
  return fc
    .tuple(
      fc.record(members),
      fc.oneof({ weight: 8, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: extra }),
    )
    .map(([known, more]) => ({ ...known, ...more }));
}

function bodyOf({ body }: Operation): fc.Arbitrary<string | undefined> {
  if (!body) return fc.constant(undefined);
  const json = fc.oneof({ weight: 8, arbitrary: objectOf(body) }, { weight: 1, arbitrary: ANY_VALUE });
  const broken = fc.constantFrom(
    '',
    '{',
    '[',
    '{"a":',
    'nul',
    '{"a":1,"a":2}',
    '\ufeff{}',
    '{"__proto__":{}}',
    '1'.repeat(5000),
  );
  return fc.oneof(
    { weight: 12, arbitrary: json.map((value) => JSON.stringify(value) ?? 'null') },
    { weight: 1, arbitrary: broken },
  );
}

function queryOf(parameters: readonly Parameter[]): fc.Arbitrary<string> {
  const pairs = parameters.map(({ name, schema = {} }) =>
    fc.oneof(
      { weight: 2, arbitrary: fc.constant('') },
      { weight: 1, arbitrary: valueOf(schema).map((value) => `${name}=${encode(value)}`) },
    ),
  );
  const extra = fc.constantFrom('', '', '', 'surprise=1', 'limit=1&limit=2', '%', '__proto__[a]=1', '&&&=');
  return fc.tuple(...pairs, extra).map((parts) => parts.filter((part) => part !== '').join('&'));
}

function pathOf(operation: Operation, known: readonly string[]): fc.Arbitrary<string> {
  const value = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('vast.ai', 'io.net', 'static', 'default', '2026-01', ...known) },
    { weight: 1, arbitrary: NASTY },
  );
  const names = operation.pathParameters.map(({ name }) => name);
  return fc.array(value, { minLength: names.length, maxLength: names.length }).map((values) => {
    const filled = names.map((name, index) => [name, wellFormed(values[index]) || 'x']);
    return fillPath(operation.path, Object.fromEntries(filled) as Record<string, string>).replace(
      / /g,
      '%20',
    );
  });
}

function headersOf(
  operation: Operation,
  credentials: readonly Readonly<Record<string, string>>[],
): fc.Arbitrary<Record<string, string>> {
  const printable = fc.oneof(
    NASTY,
    fc.constantFrom('30s', '5m', 'vast.ai', 'theirs', 'card:4242424242424242:12/30:123', 'stripe', 'Crypto'),
  );
  const given = operation.headerParameters.map(({ name }) =>
    fc.oneof(
      { weight: 4, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: printable.map((value) => [[name, headerText(value)]]) },
    ),
  );
  return fc.tuple(fc.constantFrom(...credentials), ...given).map(([credential, ...more]) => ({
    ...credential,
    ...(Object.fromEntries(more.flat() as string[][]) as Record<string, string>),
  }));
}

/**
 * So many requests over all operations; the same seed makes the same ones.
 * @param known ids and names that exist
 */
export function fuzzRequests(
  operations: readonly Operation[],
  {
    credentials,
    known,
    count,
    seed,
  }: {
    credentials: readonly Readonly<Record<string, string>>[];
    known: readonly string[];
    count: number;
    seed: number;
  },
): FuzzRequest[] {
  const requests = operations.map((operation) =>
    fc
      .record({
        path: pathOf(operation, known),
        query: queryOf(operation.queryParameters),
        headers: headersOf(operation, credentials),
        body: bodyOf(operation),
      })
      .map(({ path, query, headers, body }) => ({
        operation,
        path: query === '' ? path : `${path}?${query}`,
        headers,
        body: operation.method === 'GET' || operation.method === 'HEAD' ? undefined : body,
      })),
  );
  return fc.sample(fc.oneof(...requests), { numRuns: count, seed });
}

const wellFormed = (text: string): string => text.replaceAll(/[\ud800-\udfff]/g, '');

function encode(value: unknown): string {
  return encodeURIComponent(wellFormed(typeof value === 'string' ? value : (JSON.stringify(value) ?? '')));
}

/** What a client can put into a header at all. */
function headerText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '').slice(0, 2000);
}
