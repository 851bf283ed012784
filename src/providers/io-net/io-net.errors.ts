import type { DomainError } from '../../common/domain-error.js';
import type { HttpAnswer } from '../provider-http.js';
import {
  contractNotFound,
  offerGone,
  providerAuthFailed,
  providerOutOfCredit,
  providerRejected,
  providerUnavailable,
  rentOutcomeUnknown,
} from '../providers.errors.js';
import { isObject, objectOf, textOf } from '../wire-guards.js';

/** What a refusal of io.net means. Its bodies for 401, 402 and 409 are not documented, so that status and words count. */
export type IoNetFault =
  'bad_key' | 'offer_gone' | 'no_credit' | 'no_such_deployment' | 'name_taken' | 'unavailable' | 'rejected';

const NO_CREDIT = /not enough credit|insufficient|payment[ _]required/i;
const NO_REPLICAS = /no available replicas|not enough replicas|no capacity|sold out/i;

/** FastAPI's way of saying that the key's header is absent. */
const KEY_HEADER = 'x-api-key';

export function isRefused({ status }: HttpAnswer): boolean {
  return status >= 300;
}

export function ioNetFault({ status, body }: HttpAnswer): IoNetFault {
  const message = messageOf(body);
  if (status === 401 || status === 403 || isAboutTheKey(body)) return 'bad_key';
  if (status === 402 || NO_CREDIT.test(message)) return 'no_credit';
  if (NO_REPLICAS.test(message)) return 'offer_gone';
  if (status === 404) return 'no_such_deployment';
  if (status === 409) return 'name_taken';
  if (status >= 500 || body === undefined) return 'unavailable';
  return 'rejected';
}

export function ioNetError(answer: HttpAnswer): DomainError {
  switch (ioNetFault(answer)) {
    case 'bad_key':
      return providerAuthFailed('io.net');
    case 'offer_gone':
      return offerGone('io.net');
    case 'no_credit':
      return providerOutOfCredit('io.net');
    case 'no_such_deployment':
      return contractNotFound('io.net');
    case 'name_taken':
      // Our names are unique, so this one is ours: an earlier answer was lost.
      return rentOutcomeUnknown('io.net');
    case 'unavailable':
      return providerUnavailable('io.net', `it answers ${answer.status}`);
    case 'rejected':
      return providerRejected('io.net', messageOf(answer.body) || `status ${answer.status}`);
  }
}

/** A readable answer that is not what the endpoint promises. */
export const unexpectedAnswer = (): DomainError => providerUnavailable('io.net', 'unexpected answer');

/** `{"detail": "text"}`, `{"detail": [{"loc": [...], "msg": "text"}]}`, a bare text, or `{"status": "text"}`. */
function messageOf(body: unknown): string {
  if (typeof body === 'string') return body;
  const { detail, message, status } = objectOf(body);
  if (!Array.isArray(detail)) return textOf(detail) ?? textOf(message) ?? textOf(status) ?? '';
  return detail
    .filter(isObject)
    .map(({ loc, msg }) => `${Array.isArray(loc) ? loc.join('.') : ''} ${String(msg)}`.trim())
    .join('; ');
}

function isAboutTheKey(body: unknown): boolean {
  const { detail } = objectOf(body);
  if (!Array.isArray(detail)) return false;
  return detail.filter(isObject).some(({ loc }) => Array.isArray(loc) && loc.includes(KEY_HEADER));
}
