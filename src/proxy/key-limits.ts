import type { Caller } from '../common/caller.js';
import { DomainError } from '../common/domain-error.js';
import type { Destination } from './destination.js';

/**
 * For what goes to a destination that the caller's key may not be limited to. Costs nothing for keys without limits.
 * @throws DomainError 403 `target_not_allowed`
 */
export function requireTarget({ limits }: Caller, { names, url }: Destination): void {
  if (limits?.allowsTarget?.(names, url) === false) throw targetNotOfKey();
}

/**
 * @param model undefined where nobody reads which model is asked: closed to keys that are limited to some
 * @throws DomainError 403 `model_not_allowed`
 */
export function requireModel({ limits }: Caller, model: string | undefined): void {
  if (!limits?.allowsModel) return;
  if (model === undefined || !limits.allowsModel(model)) throw modelNotAllowed(model);
}

const targetNotOfKey = (): DomainError =>
  new DomainError('target_not_allowed', 403, 'This API key may not send requests there.');

const modelNotAllowed = (model: string | undefined): DomainError =>
  new DomainError(
    'model_not_allowed',
    403,
    model === undefined
      ? 'This API key is limited to models: ask them by /v1, by /v2 or with the protocol openinference.'
      : 'This API key may not ask this model.',
  );
