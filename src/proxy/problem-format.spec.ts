import { expect, it } from 'vitest';
import { DomainError } from '../common/domain-error.js';
import { jsonRpcProblem } from './problem-format.js';

it('writes errors of HTTP as JSON-RPC errors that nobody takes for the protocol’s own', () => {
  const error = new DomainError('rate_limited', 429, 'Slower.', {
    headers: { 'retry-after': '1' },
    data: { limit: 5 },
  });
  expect(jsonRpcProblem(error, 'r-1')).toEqual({
    status: 429,
    headers: { 'content-type': 'application/json', 'retry-after': '1' },
    body: {
      jsonrpc: '2.0',
      error: { code: 429, message: 'Slower.', data: { code: 'rate_limited', request_id: 'r-1', limit: 5 } },
    },
  });
});

it('uses JSON-RPC’s numbers where it has some, and says nothing about bugs', () => {
  expect(jsonRpcProblem(new DomainError('malformed_request', 400, 'No.'), 'r').body).toMatchObject({
    error: { code: -32600 },
  });
  const { status, body } = jsonRpcProblem(new Error('SELECT secret'), 'r');
  expect({ status, body }).toMatchObject({ status: 500, body: { error: { code: -32603 } } });
  expect(JSON.stringify(body)).not.toContain('secret');
});
