import { DomainError } from '../../../common/domain-error.js';

export const modelNotFound = (model: string): DomainError =>
  new DomainError('model_not_found', 404, `None of your pools serves the model ${model}.`);

/** Named pools that serve it; the caller has to choose. */
export const modelAmbiguous = (model: string, pools: readonly string[]): DomainError =>
  new DomainError(
    'model_ambiguous',
    409,
    `The model ${model} is served by the pools ${pools.join(', ')}: name one in the header X-Pool.`,
    { data: { pools } },
  );

export const notServing = (): DomainError =>
  new DomainError('no_healthy_instance', 503, 'None of your instances is serving.', {
    headers: { 'retry-after': '5' },
  });

/** Extensions are the servers' own, so the caller has to say whose. */
export const unknownPath = (): DomainError =>
  new DomainError(
    'not_found',
    404,
    'There is nothing at this path; for an extension of a server, name its pool in X-Pool.',
  );

export const onlyRead = (): DomainError =>
  new DomainError('method_not_allowed', 405, 'Only GET is allowed here.', {
    headers: { allow: 'GET, HEAD' },
  });
