import { Logger } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import type { RequestWithOrigin } from './common/origin.js';

/** Probes and collectors ask every few seconds; what they ask is no news. */
const QUIET_ROUTES = new Set(['/health', '/health/live', '/health/ready', '/metrics']);

/**
 * One line for each request of the control plane: who, what and how it ended. It names the pattern of the route, never
 * the path or the query, which may hold what is the caller's.
 */
export function logRequests(fastify: FastifyInstance): void {
  const logger = new Logger('Request');
  fastify.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    if (QUIET_ROUTES.has(route)) return;
    const { caller, device } = request as RequestWithOrigin;
    logger.log({
      msg: 'request',
      request_id: request.id,
      method: request.method,
      route,
      status: reply.statusCode,
      duration_ms: Math.round(reply.elapsedTime),
      user: caller?.userId,
      credential: caller?.credentialId,
      ip: device?.ip,
    });
  });
}
