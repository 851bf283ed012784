import type { DomainError } from '../../common/domain-error.js';
import type { HttpAnswer } from '../provider-http.js';
import {
  contractNotFound,
  offerGone,
  providerAuthFailed,
  providerOutOfCredit,
  providerRejected,
  providerUnavailable,
} from '../providers.errors.js';
import { objectOf, textOf } from '../wire-guards.js';

/** What a refusal of vast.ai means. The status alone does not tell: a bad key, a lost offer and a gone contract are all 404. */
export type VastFault =
  'bad_key' | 'offer_gone' | 'no_credit' | 'no_such_instance' | 'unavailable' | 'rejected';

const OUT_OF_CREDIT = new Set(['insufficient_credit', 'missing_billing', 'spend_rate_limit']);
const NO_SUCH_INSTANCE = new Set(['no_such_instance', 'not_found']);
const ASK_IS_GONE = /no_such_ask|no longer available|is not available|currently unavailable/i;

/** True for refusals, with whatever status: `success: false` also comes with 200. */
export function isRefused({ status, body }: HttpAnswer): boolean {
  return status >= 300 || objectOf(body).success === false;
}

export function vastFault({ status, body }: HttpAnswer): VastFault {
  const { error } = objectOf(body);
  const code = textOf(error) ?? '';
  if (code === 'auth_error' || status === 401) return 'bad_key';
  if (OUT_OF_CREDIT.has(code) || status === 402) return 'no_credit';
  if (code === 'no_such_ask' || ASK_IS_GONE.test(messageOf(body))) return 'offer_gone';
  if (NO_SUCH_INSTANCE.has(code)) return 'no_such_instance';
  if (status >= 500 || body === undefined || code === 'deprecated_endpoint') return 'unavailable';
  return 'rejected';
}

export function vastError(answer: HttpAnswer): DomainError {
  switch (vastFault(answer)) {
    case 'bad_key':
      return providerAuthFailed('vast.ai');
    case 'offer_gone':
      return offerGone('vast.ai');
    case 'no_credit':
      return providerOutOfCredit('vast.ai');
    case 'no_such_instance':
      return contractNotFound('vast.ai');
    case 'unavailable':
      return providerUnavailable('vast.ai', `it answers ${answer.status}`);
    case 'rejected':
      return providerRejected('vast.ai', messageOf(answer.body) || `status ${answer.status}`);
  }
}

/** A readable answer that is not what the endpoint promises. */
export const unexpectedAnswer = (): DomainError => providerUnavailable('vast.ai', 'unexpected answer');

/** The farm's own words under any of the names it uses for them. */
function messageOf(body: unknown): string {
  const { msg, message, detail, error } = objectOf(body);
  return textOf(msg) ?? textOf(message) ?? textOf(detail) ?? textOf(error) ?? '';
}
