import { DomainError } from '../../common/domain-error.js';

/** Never heard of, of somebody else, of an instance that is gone: the client is to initialize anew. */
export const sessionNotFound = (): DomainError =>
  new DomainError('session_not_found', 404, 'There is no such MCP session (any more); initialize a new one.');

export const originNotAllowed = (): DomainError =>
  new DomainError('origin_not_allowed', 403, 'Pages of this origin may not call; see CORS_ORIGINS.');

export const hostNotAllowed = (): DomainError =>
  new DomainError('host_not_allowed', 403, 'This server does not go by that name; see PUBLIC_URL.');
