/** Where amounts of money are read as they were written. */
const BILLING_ROUTES = [
  '/api/v1/billing/',
  '/api/v1/admin/payments/',
  '/api/v1/admin/credits/grant',
  '/api/v1/admin/users/',
  '/api/v1/credits/auto-renew',
];
const CALLBACK_ROUTES = '/api/v1/billing/webhooks/';

/** A request of a billing route, with its body as it was sent. */
export interface RequestWithRawBody {
  url: string;
  rawBody?: string;
}

/**
 * Keeps the text of a body that billing reads itself: amounts are read as they were written, signatures are checked
 * over what was sent.
 * @returns whether the body must not be parsed: nobody has vouched for a call-back yet
 */
export function keepRawBody(request: RequestWithRawBody, body: string): boolean {
  if (!BILLING_ROUTES.some((route) => request.url.startsWith(route))) return false;
  request.rawBody = body;
  return request.url.startsWith(CALLBACK_ROUTES);
}
