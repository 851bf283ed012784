import type { OpenAPIObject } from '@nestjs/swagger';
import { DIALECT_CHOICES } from './protocols/open-inference/envelope/dialect.js';
import { PROTOCOL_NAMES } from './protocols/index.js';

type Schema = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string];

const headers = (description: string): Schema => ({
  type: 'object',
  description,
  additionalProperties: { type: 'string' },
});

/** POST gpu/proxy for the OpenAPI document; `envelope-request.ts` is what enforces it. */
export const ENVELOPE_REQUEST_SCHEMA: Schema = {
  type: 'object',
  required: ['protocol'],
  additionalProperties: false,
  description: 'Exactly one of target_url, pool and instance_id.',
  properties: {
    protocol: { type: 'string', enum: [...PROTOCOL_NAMES] },
    target_url: {
      type: 'string',
      format: 'uri',
      description: 'http or https; for openinference also grpc and grpcs.',
    },
    pool: { type: 'string' },
    instance_id: { type: 'string' },
    path: {
      type: 'string',
      description: 'With pool or instance_id; default /, for mcp the mcp_path of the pool.',
    },
    method: {
      type: 'string',
      description:
        'Default POST with a body, else GET. For mcp POST, or DELETE with session_id and no body to end a session.',
    },
    headers: headers('For the upstream.'),
    body: {
      description: 'A text is sent as it is, anything else as the JSON it is written in, digit by digit.',
    },
    timeout_ms: { type: 'integer', minimum: 1, maximum: 86_400_000 },
    stream: { type: 'boolean', description: "Relay the upstream's answer byte by byte." },
    stream_response: { type: 'boolean', description: 'The same as stream.' },
    dialect: {
      type: 'string',
      enum: [...DIALECT_CHOICES],
      description:
        'For openinference: how the text is put to the server; auto (the default) finds out. Answers are always OpenAI completions.',
    },
    session: {
      type: 'string',
      enum: ['auto', 'new'],
      description: 'For mcp: new = a session of your own; its id is in the headers of the answer.',
    },
    session_id: { type: 'string', description: 'For mcp: go on with this session.' },
    upstream_headers: headers('Credentials for the upstream; never logged.'),
  },
};

export const ENVELOPE_ANSWER_SCHEMA: Schema = {
  type: 'object',
  required: ['status_code', 'headers', 'body', 'duration_ms', 'attempts'],
  properties: {
    status_code: { type: 'integer' },
    headers: {
      type: 'object',
      additionalProperties: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
    },
    body: { description: 'JSON when the upstream says so, else text, else base64.' },
    body_encoding: { type: 'string', enum: ['base64'] },
    duration_ms: { type: 'integer' },
    instance_id: { type: 'string' },
    attempts: { type: 'integer' },
    usage: {
      type: 'object',
      properties: { input_tokens: { type: 'integer' }, output_tokens: { type: 'integer' } },
      description: 'Where the upstream has counted tokens.',
    },
    cost: { type: 'number', description: 'Credits that the request was charged; absent where it was free.' },
    notifications: {
      type: 'array',
      items: { type: 'object' },
      description: 'For mcp: what the server said before its response.',
    },
  },
};
