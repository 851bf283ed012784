import type { DomainError } from '../../common/domain-error.js';
import { farmError, type FarmFault } from '../farm-fault.js';
import type { HttpAnswer } from '../provider-http.js';
import { providerUnavailable } from '../providers.errors.js';
import { objectOf, textOf } from '../wire-guards.js';

const OUT_OF_CREDIT = new Set(['insufficient_credit', 'missing_billing', 'spend_rate_limit']);
const NO_SUCH_INSTANCE = new Set(['no_such_instance', 'not_found']);
const ASK_IS_GONE = /no_such_ask|no longer available|is not available|currently unavailable/i;

/** True for refusals, with whatever status: `success: false` also comes with 200. */
export function isRefused({ status, body }: HttpAnswer): boolean {
  return status >= 300 || objectOf(body).success === false;
}

/** What a refusal of vast.ai means. The status alone does not tell: a bad key, a lost offer and a gone contract are all 404. */
export function vastFault({ status, body }: HttpAnswer): FarmFault {
  const { error } = objectOf(body);
  const code = textOf(error) ?? '';
  if (code === 'auth_error' || status === 401) return 'bad_key';
  if (OUT_OF_CREDIT.has(code) || status === 402) return 'no_credit';
  if (code === 'no_such_ask' || ASK_IS_GONE.test(messageOf(body))) return 'offer_gone';
  if (NO_SUCH_INSTANCE.has(code)) return 'no_such_contract';
  if (status >= 500 || body === undefined || code === 'deprecated_endpoint') return 'unavailable';
  return 'rejected';
}

export const vastError = (answer: HttpAnswer): DomainError =>
  farmError('vast.ai', vastFault(answer), answer, messageOf(answer.body));

/** A readable answer that is not what the endpoint promises. */
export const unexpectedAnswer = (): DomainError => providerUnavailable('vast.ai', 'unexpected answer');

/** The farm's own words under any of the names it uses for them. */
function messageOf(body: unknown): string {
  const { msg, message, detail, error } = objectOf(body);
  return textOf(msg) ?? textOf(message) ?? textOf(detail) ?? textOf(error) ?? '';
}
