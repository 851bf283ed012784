import type { OpenAPIObject } from '@nestjs/swagger';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Schema = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string];
type Documentation = Pick<Operation, 'parameters' | 'requestBody' | 'responses'>;

const text = { type: 'string' } as const;

const ERROR: NonNullable<Operation['responses'][string]> = {
  description: "OpenAI's error envelope; `code` says what went wrong.",
  content: {
    'application/json': {
      schema: {
        type: 'object',
        required: ['error'],
        properties: {
          error: {
            type: 'object',
            required: ['message', 'type', 'param', 'code'],
            properties: {
              message: text,
              type: text,
              param: { type: 'string', nullable: true },
              code: text,
            },
          },
        },
      },
    },
  },
};

const ERRORS = Object.fromEntries(
  ['400', '401', '402', '403', '404', '409', '413', '429', '502', '503', '504'].map((status) => [
    status,
    ERROR,
  ]),
);

const MODEL: Schema = {
  type: 'object',
  required: ['id', 'object', 'created', 'owned_by', 'pools'],
  properties: {
    id: text,
    object: { type: 'string', enum: ['model'] },
    created: { type: 'integer', description: 'Epoch seconds; 0 when its server does not tell.' },
    owned_by: text,
    pools: { type: 'array', items: text, description: 'Where requests for it go.' },
  },
};

const LIST: Schema = {
  type: 'object',
  required: ['object', 'data'],
  properties: { object: { type: 'string', enum: ['list'] }, data: { type: 'array', items: MODEL } },
};

const X_POOL_HEADER = {
  name: 'X-Pool',
  in: 'header',
  required: false,
  description: 'The pool to use; needed where the body holds no model.',
  schema: text,
} as const;

const NAMED_MODEL: Schema = {
  type: 'object',
  additionalProperties: true,
  properties: {
    model: { type: 'string', description: 'A model, or pool/model.' },
    stream: { type: 'boolean' },
  },
};

const ANSWER: NonNullable<Operation['responses'][string]> = {
  description:
    "The server's own answer, with X-Request-Id, X-GPUProxy-Instance and X-GPUProxy-Attempts. A stream that breaks off ends with an event that holds `error`, and its connection is closed.",
  content: { 'application/json': { schema: {} }, 'text/event-stream': { schema: {} } },
};

/** GET /v1/models and GET /v1/models/{model}. */
export function documentModels(isList: boolean): Documentation {
  const content = { 'application/json': { schema: isList ? LIST : MODEL } };
  return {
    parameters: [X_POOL_HEADER],
    responses: { '200': { description: 'What is served.', content }, ...ERRORS },
  };
}

/** Requests that go to an instance. */
export function documentInference(method: string): Documentation {
  const requestBody = { required: true, content: { 'application/json': { schema: NAMED_MODEL } } };
  return {
    parameters: [X_POOL_HEADER],
    ...(method === 'post' ? { requestBody } : {}),
    responses: { default: ANSWER, ...ERRORS },
  };
}
