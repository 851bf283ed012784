import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from './domain-error.js';
import { toProblem } from './problem.js';

/** Codes for the errors that the framework raises before any code of ours runs. */
const FRAMEWORK_CODES: Readonly<Record<number, readonly [code: string, detail: string]>> = {
  400: ['malformed_request', 'The request could not be read: is the body valid JSON?'],
  404: ['not_found', 'There is nothing at this address.'],
  405: ['method_not_allowed', 'This address does not answer to that method.'],
  413: ['payload_too_large', 'The request body is too large.'],
  415: ['unsupported_media_type', 'Send the body as application/json.'],
};

/** The one place where errors of the control plane become answers: problem+json, and a log line for the unexpected. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger(ErrorFilter.name);

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const known = asDomainError(error);
    if (!known) {
      this.logger.error({
        msg: 'unexpected error',
        request_id: request.id,
        route: request.routeOptions?.url,
        err: error,
      });
    }
    const { status, headers, body } = toProblem(known ?? error, String(request.id));
    void reply.status(status).headers(headers).send(JSON.stringify(body));
  }
}

function asDomainError(error: unknown): DomainError | undefined {
  if (error instanceof DomainError) return error;
  const status = statusOf(error);
  const described = status === undefined ? undefined : FRAMEWORK_CODES[status];
  return described && new DomainError(described[0], status as number, described[1]);
}

/** Nest's HttpException and Fastify's errors both carry a status. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}
