import { describe, expect, it } from 'vitest';
import { fixture } from '../../../test/support/fixtures.js';
import { ioNetError, ioNetFault } from './io-net.errors.js';

interface RecordedError {
  http_status: number;
  content_type: string;
  body: unknown;
  when: string;
}

const MEANINGS: Readonly<Record<string, readonly [fault: string, code: string]>> = {
  'unknown deployment/container (docs show a bare JSON string; the newer spec gives no schema)': [
    'no_such_contract',
    'contract_not_found',
  ],
  'unknown deployment': ['no_such_contract', 'contract_not_found'],
  validation: ['rejected', 'provider_rejected'],
  'header absent (x-api-key is a REQUIRED header in the spec, so FastAPI answers 422, not 401)': [
    'bad_key',
    'provider_auth_failed',
  ],
  'PATCH with a container_config wrapper': ['rejected', 'provider_rejected'],
  'bad key': ['bad_key', 'provider_auth_failed'],
  'key made for the ai project': ['bad_key', 'provider_auth_failed'],
  'balance too low (the MCP tool answers status payment_required)': ['no_credit', 'provider_out_of_credit'],
  'capacity gone between price and deploy': ['offer_gone', 'offer_gone'],
  'resource_private_name not unique': ['name_taken', 'rent_outcome_unknown'],
  'upstream fault': ['unavailable', 'provider_unavailable'],
  'timeout after the deployment may already exist': ['unavailable', 'provider_unavailable'],
};

// 429 never gets here: the client behind the adapter waits and asks again.
const recorded = fixture<RecordedError[]>('ionet/errors.json').filter(
  ({ http_status }) => http_status !== 429,
);

describe('a refusal of io.net', () => {
  it.each(recorded)('$http_status $when', ({ http_status: status, content_type: type, body, when }) => {
    const answer = { status, body: type === 'application/json' ? body : undefined, text: '' };
    expect([ioNetFault(answer), ioNetError(answer).code]).toEqual(MEANINGS[when]);
  });

  it('tells which field it is about', () => {
    const detail = [{ loc: ['body', 'duration_hours'], msg: 'Input should be at least 1', type: 'x' }];
    expect(ioNetError({ status: 422, body: { detail }, text: '' }).detail).toContain(
      'body.duration_hours Input',
    );
  });

  it('may be hidden in a success', () => {
    expect(ioNetFault({ status: 200, body: { status: 'payment_required' }, text: '' })).toBe('no_credit');
  });
});
