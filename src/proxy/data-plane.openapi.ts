import type { OpenAPIObject } from '@nestjs/swagger';
import { DATA_PLANE_ROUTES, type DataPlaneRoute } from './data-plane.routes.js';
import { documentInference, documentModels } from './openai/openai.openapi.js';
import { documentOpenInference } from './protocols/open-inference/open-inference.openapi.js';
import { ENVELOPE_ANSWER_SCHEMA, ENVELOPE_REQUEST_SCHEMA } from './envelope.schema.js';

type PathItem = OpenAPIObject['paths'][string];
type Operation = NonNullable<PathItem['get']>;
type Method = 'get' | 'put' | 'post' | 'delete' | 'options' | 'head' | 'patch';

const ANY_METHODS: readonly Method[] = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'];
const TAG = 'data plane';

/** Completes the document of the controllers with the routes that are taken before them. */
export function mergeDataPlaneRoutes(document: OpenAPIObject): OpenAPIObject {
  const paths = { ...document.paths };
  for (const route of DATA_PLANE_ROUTES) paths[route.template] = pathItemOf(route);
  return { ...document, paths };
}

function pathItemOf(route: DataPlaneRoute): PathItem {
  const any = route.documentedMethods ?? ANY_METHODS;
  const methods = route.method === 'ANY' ? any : ([route.method.toLowerCase()] as Method[]);
  return Object.fromEntries(methods.map((method) => [method, operationOf(route, method)]));
}

function operationOf(route: DataPlaneRoute, method: Method): Operation {
  const suffix = method.charAt(0).toUpperCase() + method.slice(1);
  const { parameters = [], ...documentation } = documentationOf(route, method);
  return {
    operationId: route.method === 'ANY' ? `${route.operationId}${suffix}` : route.operationId,
    summary: route.summary,
    tags: [TAG],
    parameters: [...pathParameters(route), ...parameters, TIME_LIMIT],
    ...documentation,
  };
}

type Documentation = Pick<Operation, 'parameters' | 'requestBody' | 'responses'>;

function documentationOf({ handler, template }: DataPlaneRoute, method: Method): Documentation {
  switch (handler) {
    case 'pool':
    case 'rental':
      return { responses: TRANSPARENT_RESPONSES };
    case 'envelope':
      return { requestBody: ENVELOPE_BODY, responses: ENVELOPE_RESPONSES };
    case 'mcp':
      return { responses: JSON_RPC_RESPONSES };
    case 'openai':
      return documentInference(method);
    case 'openai_models':
      return documentModels(!template.includes('{'));
    case 'openinference':
      return documentOpenInference(method);
  }
}

function pathParameters({ template }: DataPlaneRoute): NonNullable<Operation['parameters']> {
  const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  return names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
}

const TIME_LIMIT = {
  name: 'X-Timelimit',
  in: 'header',
  required: false,
  description: 'Total wall time such as 30, 30s, 5m or 1h; then 504 `time_limit_exceeded`.',
  schema: { type: 'string' },
} as const;

const PROBLEM: NonNullable<Operation['responses'][string]> = {
  description: 'A problem document; `code` says what went wrong.',
  content: {
    'application/problem+json': {
      schema: {
        type: 'object',
        required: ['type', 'title', 'status', 'code', 'detail', 'request_id'],
        properties: {
          type: { type: 'string' },
          title: { type: 'string' },
          status: { type: 'integer' },
          code: { type: 'string' },
          detail: { type: 'string' },
          request_id: { type: 'string' },
        },
      },
    },
  },
};

const TRANSPARENT_RESPONSES: Operation['responses'] = {
  default: {
    description: "The upstream's own answer, with X-Request-Id, X-GPUProxy-Instance and X-GPUProxy-Attempts.",
    content: { '*/*': { schema: {} } },
  },
  '401': PROBLEM,
  '403': PROBLEM,
  '404': PROBLEM,
  '413': PROBLEM,
  '429': PROBLEM,
  '502': PROBLEM,
  '503': PROBLEM,
  '504': PROBLEM,
  '508': PROBLEM,
};

const JSON_RPC_RESPONSES: Operation['responses'] = {
  default: {
    description:
      "The server's own answer, with X-Request-Id, X-GPUProxy-Instance and X-GPUProxy-Attempts; refusals are JSON-RPC errors without an id, `error.data.code` says what went wrong.",
    content: { 'application/json': { schema: {} }, 'text/event-stream': { schema: {} } },
  },
};

const ENVELOPE_BODY: NonNullable<Operation['requestBody']> = {
  required: true,
  content: { 'application/json': { schema: ENVELOPE_REQUEST_SCHEMA } },
};

const ENVELOPE_RESPONSES: Operation['responses'] = {
  '200': {
    description: "The upstream's answer in JSON; with stream: true its own status, headers and bytes.",
    content: { 'application/json': { schema: ENVELOPE_ANSWER_SCHEMA } },
  },
  '400': PROBLEM,
  '401': PROBLEM,
  '403': PROBLEM,
  '404': PROBLEM,
  '413': PROBLEM,
  '422': PROBLEM,
  '429': PROBLEM,
  '502': PROBLEM,
  '503': PROBLEM,
  '504': PROBLEM,
};
