import { DomainError } from '../../common/domain-error.js';

/** Which member of the body an error is about, as OpenAI's envelope tells it. */
const about = (param: string): { data: Record<string, unknown> } => ({ data: { param } });

export const modelNotFound = (model: string): DomainError =>
  new DomainError('model_not_found', 404, `No pool of yours serves the model ${model}.`, about('model'));

export const modelNotInPool = (model: string, pool: string): DomainError =>
  new DomainError(
    'model_not_found',
    404,
    `Your pool ${pool} does not serve the model ${model}.`,
    about('model'),
  );

/** Named pools that serve it; the caller has to choose. */
export const modelAmbiguous = (model: string, pools: readonly string[]): DomainError =>
  new DomainError(
    'model_ambiguous',
    409,
    `The model ${model} is served by the pools ${pools.join(', ')}: ask for ${pools[0]}/${model}, or name one in X-Pool.`,
    { data: { param: 'model', pools } },
  );

export const modelRequired = (): DomainError =>
  new DomainError(
    'model_required',
    400,
    'Name a model in the body, or a pool in the header X-Pool.',
    about('model'),
  );

export const poolRequired = (): DomainError =>
  new DomainError('pool_required', 400, 'Name the pool in the header X-Pool: this request holds no model.');

export const malformedModel = (): DomainError =>
  new DomainError('invalid_model', 400, '`model` must be a text of up to 512 characters.', about('model'));

/** Which of the two counts depends on who reads it. */
export const duplicateMember = (name: string): DomainError =>
  new DomainError('malformed_json', 400, `The member \`${name}\` stands in the body twice.`, about(name));
