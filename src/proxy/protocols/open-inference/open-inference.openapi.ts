import type { OpenAPIObject } from '@nestjs/swagger';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Documentation = Pick<Operation, 'parameters' | 'requestBody' | 'responses'>;

const X_POOL_HEADER = {
  name: 'X-Pool',
  in: 'header',
  required: false,
  description: 'The pool to use; needed when several serve the model, and for extensions of servers.',
  schema: { type: 'string' },
} as const;

const ERROR: NonNullable<Operation['responses'][string]> = {
  description: "The protocol's error.",
  content: {
    'application/json': {
      schema: { type: 'object', required: ['error'], properties: { error: { type: 'string' } } },
    },
  },
};

const ERRORS = Object.fromEntries(
  ['400', '401', '402', '403', '404', '409', '413', '429', '502', '503', '504'].map((status) => [
    status,
    ERROR,
  ]),
);

const ANSWER: NonNullable<Operation['responses'][string]> = {
  description:
    "The server's own answer, with X-Request-Id, X-GPUProxy-Instance and X-GPUProxy-Attempts. A stream that breaks off ends with an event that holds `error`, and its connection is closed.",
  content: {
    'application/json': { schema: {} },
    'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
    'text/event-stream': { schema: {} },
  },
};

const BODY: NonNullable<Operation['requestBody']> = {
  required: true,
  description:
    'JSON; with Inference-Header-Content-Length its first bytes are JSON and the rest are tensors.',
  content: {
    'application/json': { schema: { type: 'object', additionalProperties: true } },
    'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
  },
};

/** Paths of the Open Inference Protocol. */
export function documentOpenInference(method: string): Documentation {
  return {
    parameters: [X_POOL_HEADER],
    ...(method === 'post' ? { requestBody: BODY } : {}),
    responses: { default: ANSWER, ...ERRORS },
  };
}
