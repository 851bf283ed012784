import { describe, expect, it } from 'vitest';
import { fixture } from '../../../test/support/fixtures.js';
import { isRefused, vastError, vastFault } from './vast-ai.errors.js';

interface RecordedError {
  http_status: number;
  content_type: string;
  body: unknown;
  when: string;
}

const MEANINGS: Readonly<Record<string, readonly [fault: string, code: string]>> = {
  'no Authorization header': ['bad_key', 'provider_auth_failed'],
  'wrong or revoked key: NOT 401': ['bad_key', 'provider_auth_failed'],
  'same fault as documented on GET /instances/{id}/': ['bad_key', 'provider_auth_failed'],
  'PUT /asks/{id}/ : offer id unknown or rented': ['offer_gone', 'offer_gone'],
  'PUT /asks/{id}/ lost race with cancel_unavail': ['offer_gone', 'offer_gone'],
  'same race, seen in the field with status 400': ['offer_gone', 'offer_gone'],
  'PUT /asks/{id}/ bad body': ['rejected', 'provider_rejected'],
  'host-type account': ['rejected', 'provider_rejected'],
  'PUT /asks/{id}/ with no balance': ['no_credit', 'provider_out_of_credit'],
  'PUT /instances/{id}/ state change without billing': ['no_credit', 'provider_out_of_credit'],
  'new account renting too much': ['no_credit', 'provider_out_of_credit'],
  'GET /api/v0/instances/': ['unavailable', 'provider_unavailable'],
  'GET /api/v1/instances/ filter on a computed column': ['rejected', 'provider_rejected'],
  'bad after_token': ['rejected', 'provider_rejected'],
  'bid change / state change of unknown instance': ['no_such_contract', 'contract_not_found'],
  'DELETE of unknown instance': ['no_such_contract', 'contract_not_found'],
  'PUT bid_price': ['rejected', 'provider_rejected'],
  'PUT state=running when the GPU was re-let: HTTP 200 family, instance stays stopped and MAY start and bill later':
    ['offer_gone', 'offer_gone'],
  'accept/reject of a stale price increase (older backends: 409)': ['rejected', 'provider_rejected'],
  'gateway blip; the official client retries 429/502/503/504': ['unavailable', 'provider_unavailable'],
};

// 429 never gets here: the client behind the adapter waits and asks again.
const recorded = fixture<RecordedError[]>('vast/errors.json').filter(
  ({ http_status }) => http_status !== 429,
);

describe('a refusal of vast.ai', () => {
  it.each(recorded)('$http_status $when', ({ http_status: status, content_type: type, body, when }) => {
    const answer = { status, body: type === 'application/json' ? body : undefined, text: '' };
    expect(isRefused(answer)).toBe(true);
    expect([vastFault(answer), vastError(answer).code]).toEqual(MEANINGS[when]);
  });

  it('may be a payment of 402', () => {
    expect(vastFault({ status: 402, body: { success: false }, text: '' })).toBe('no_credit');
  });

  it('is not a page of HTML with status 200 and a wrong body', () => {
    expect(vastFault({ status: 200, body: undefined, text: '<html>' })).toBe('unavailable');
  });

  it('is told in the farm’s words where they help', () => {
    const answer = {
      status: 400,
      body: { error: 'invalid_args', msg: "'disk' must be at least 8" },
      text: '',
    };
    expect(vastError(answer).detail).toContain("'disk' must be at least 8");
  });
});
