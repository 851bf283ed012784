import type { DomainError } from '../../common/domain-error.js';
import { farmError, type FarmFault } from '../farm-fault.js';
import type { HttpAnswer } from '../provider-http.js';
import { providerUnavailable } from '../providers.errors.js';
import { isObject, objectOf, textOf } from '../wire-guards.js';

const NO_CREDIT = /not enough credit|insufficient|payment[ _]required/i;
const NO_REPLICAS = /no available replicas|not enough replicas|no capacity|sold out/i;

/** FastAPI's way of saying that the key's header is absent. */
const KEY_HEADER = 'x-api-key';

export function isRefused({ status }: HttpAnswer): boolean {
  return status >= 300;
}

/** What a refusal of io.net means. Its bodies for 401, 402 and 409 are not documented, so that status and words count. */
export function ioNetFault({ status, body }: HttpAnswer): FarmFault {
  const message = messageOf(body);
  if (status === 401 || status === 403 || isAboutTheKey(body)) return 'bad_key';
  if (status === 402 || NO_CREDIT.test(message)) return 'no_credit';
  if (NO_REPLICAS.test(message)) return 'offer_gone';
  if (status === 404) return 'no_such_contract';
  if (status === 409) return 'name_taken';
  if (status >= 500 || body === undefined) return 'unavailable';
  return 'rejected';
}

export const ioNetError = (answer: HttpAnswer): DomainError =>
  farmError('io.net', ioNetFault(answer), answer, messageOf(answer.body));

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
