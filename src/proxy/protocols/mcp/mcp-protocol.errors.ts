import { DomainError } from '../../../common/domain-error.js';

/** It answered, but nothing that an MCP server would. */
export const notMcp = (cause?: unknown): DomainError =>
  new DomainError('upstream_protocol_error', 502, 'The upstream did not answer in MCP.', {
    headers: { 'proxy-status': 'gpuproxy; error=http_protocol_error' },
    cause,
  });

export const noCommonVersion = (): DomainError =>
  new DomainError(
    'upstream_protocol_error',
    502,
    'The MCP server speaks no revision that this proxy knows; use /mcp/{pool} for it.',
  );

/** JSON-RPC batches are gone from MCP since 2025-06-18. */
export const batchNotSupported = (): DomainError =>
  new DomainError('batch_not_supported', 400, 'The body must be one JSON-RPC message.');
