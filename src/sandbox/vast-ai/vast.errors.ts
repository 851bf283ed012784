import { FarmRefusal, type FarmAnswer } from '../farm-call.js';

const refusal = (status: number, body: unknown): FarmRefusal => new FarmRefusal({ status, body });

const failure = (status: number, error: string, msg: string, more: object = {}): FarmRefusal =>
  refusal(status, { success: false, error, msg, ...more });

export const loginRequired = (): FarmRefusal => failure(403, 'auth_error', 'This action requires login.');

/** A bad key is a 404 here, and a 401 on the route that shows one instance. */
export const invalidKey = (status: 401 | 404): FarmRefusal =>
  failure(status, 'auth_error', 'Invalid user key');

export const invalidArgs = (reason: string, askId?: number): FarmRefusal =>
  failure(
    400,
    'invalid_args',
    `error 400/3467: Invalid args: ${reason}`,
    askId === undefined ? {} : { ask_id: askId },
  );

export const invalidKeyColumn = (column: string): FarmRefusal =>
  refusal(400, {
    error: 'invalid_request',
    msg: `Error in query parameters: ${column} is not a valid search key`,
  });

export const invalidToken = (): FarmRefusal => failure(400, 'invalid_token', 'Invalid pagination token');

/** The three ways in which the farm says that an ask is gone. */
export const NO_SUCH_ASK: readonly ((askId: number) => FarmRefusal)[] = [
  (askId) =>
    failure(
      404,
      'invalid_args',
      `error 404/3603: no_such_ask Instance type by id ${askId} is not available.`,
      {
        ask_id: askId,
      },
    ),
  (askId) =>
    failure(
      410,
      'no_such_ask',
      `error 410/3907: no_such_ask Instance type ${askId} is no longer available.`,
      {
        ask_id: askId,
      },
    ),
  (askId) =>
    failure(400, 'no_such_ask', `error 400/3907: no_such_ask Instance type ${askId} is no longer available.`),
];

export const insufficientCredit = (): FarmRefusal =>
  failure(400, 'insufficient_credit', 'Your account lacks credit; see the billing page.');

export const missingBilling = (): FarmRefusal =>
  failure(400, 'missing_billing', 'Please add a payment method.');

export const spendRateLimit = (): FarmRefusal =>
  failure(400, 'spend_rate_limit', 'spend rate limit exceeded; the limit grows with account age');

/** The bid is refused, and yet a stopped contract exists and bills its disk. */
export const bidTooLow = (contractId: number): FarmRefusal =>
  failure(400, 'bid_too_low', 'bid is below the minimum bid; instance created in stopped state', {
    new_contract: contractId,
  });

export const bidOutOfRange = (): FarmRefusal =>
  failure(400, 'invalid_args', 'Please set a bid price >= 0.001.');

export const noSuchInstance = (): FarmRefusal =>
  failure(404, 'no_such_instance', 'Instance with that ID does not exist.');

export const instanceNotFound = (): FarmRefusal => failure(404, 'not_found', 'Instance not found');

export const deprecatedList = (): FarmRefusal =>
  failure(410, 'deprecated_endpoint', '/api/v0/instances/ is deprecated. Use /api/v1/instances/ instead.');

export const noPendingPriceIncrease = (): FarmRefusal =>
  refusal(404, { success: false, error: 'no_pending_price_increase' });

/** HTTP 200, and yet a refusal. */
export const refusedWith200 = (): FarmAnswer => ({
  status: 200,
  body: { success: false, error: 'unavailable', msg: 'Required resources are currently unavailable.' },
});

export const stateChangeQueued = (): FarmAnswer => ({
  status: 200,
  body: { success: false, msg: 'Required resources are currently unavailable, state change queued.' },
});

export const htmlError = (status: number, title: string): FarmAnswer => ({
  status,
  body: `<html><head><title>${status} ${title}</title></head></html>`,
  contentType: 'text/html',
});
