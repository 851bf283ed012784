import type { FastifyInstance, FastifyRequest } from 'fastify';
import { keepRawBody } from './billing/raw-body.js';
import { DomainError } from './common/domain-error.js';
import { isNestedDeeperThan } from './common/nesting.js';

/** Deeper than any body of ours; validators walk bodies by recursion and would exhaust the stack. */
const DEEPEST = 32;

type Parse = (request: FastifyRequest, body: string) => Promise<unknown>;

/**
 * Reads request bodies as JSON. curl's `-d '{…}'` without a content type sends a form type, so a form body that
 * begins with `{` is JSON too; an empty body is no body, whatever type it claims.
 */
export function installBodyParsers(fastify: FastifyInstance): void {
  const parse = jsonParser(fastify);
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser<string>('application/json', { parseAs: 'string' }, parse);
  fastify.addContentTypeParser<string>(/^application\/[\w.-]+\+json/, { parseAs: 'string' }, parse);
  fastify.addContentTypeParser<string>(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (request: FastifyRequest, body: string) => {
      if (body.trim() !== '' && !body.trimStart().startsWith('{')) throw unsupportedMediaType();
      return parse(request, body);
    },
  );
}

/** Fastify's own parser, which refuses `__proto__` and `constructor` keys. */
function jsonParser(fastify: FastifyInstance): Parse {
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  return (request, body) => {
    if (keepRawBody(request, body) || body.trim() === '') return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      void parseJson(request, body, (error, value) => {
        if (error) reject(malformedJson());
        else if (isNestedDeeperThan(value, DEEPEST)) reject(nestedTooDeep());
        else resolve(value);
      });
    });
  };
}

const nestedTooDeep = (): DomainError =>
  new DomainError('malformed_request', 400, 'The body is nested too deeply.');

const malformedJson = (): DomainError =>
  new DomainError('malformed_request', 400, 'The body is not valid JSON.');

const unsupportedMediaType = (): DomainError =>
  new DomainError('unsupported_media_type', 415, 'Send the body as application/json.');
