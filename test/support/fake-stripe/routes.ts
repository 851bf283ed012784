import type { StripeBooks } from './books.js';
import type { Form } from './form.js';
import { notFound, type Intent, type Session } from './objects.js';

interface Call {
  books: StripeBooks;
  /** What stands for `:id` in the path. */
  id: string;
  form: Form;
  query: URLSearchParams;
}

type Handler = (call: Call) => unknown;

/** `METHOD /path` with `:id`; answers are whole objects, with the method expanded as everybody here asks for it. */
const ROUTES: readonly [pattern: RegExp, handler: Handler][] = [
  [/^POST \/v1\/customers$/, ({ books, form }) => books.createCustomer(form)],
  [/^DELETE \/v1\/customers\/(\w+)$/, ({ books, id }) => books.deleteCustomer(id)],
  [/^POST \/v1\/payment_intents$/, ({ books, form }) => intentView(books, books.createIntent(form))],
  [/^GET \/v1\/payment_intents\/search$/, ({ books, query }) => searchIntents(books, query)],
  [/^GET \/v1\/payment_intents\/(\w+)$/, ({ books, id }) => intentView(books, intentOf(books, id))],
  [
    /^POST \/v1\/payment_intents\/(\w+)\/cancel$/,
    ({ books, id }) => intentView(books, books.cancel(intentOf(books, id))),
  ],
  [/^POST \/v1\/checkout\/sessions$/, ({ books, form }) => sessionView(books, books.createSession(form))],
  [/^GET \/v1\/checkout\/sessions\/(\w+)$/, ({ books, id }) => sessionView(books, sessionOf(books, id))],
  [
    /^POST \/v1\/checkout\/sessions\/(\w+)\/expire$/,
    ({ books, id }) => sessionView(books, books.expireSession(sessionOf(books, id))),
  ],
  [/^POST \/v1\/refunds$/, ({ books, form }) => books.createRefund(form)],
  [/^GET \/v1\/refunds\/(\w+)$/, ({ books, id }) => books.find(books.refunds, id, 'refund')],
  [
    /^GET \/v1\/refunds$/,
    ({ books, query }) =>
      list([...books.refunds.values()].filter(({ charge }) => charge === query.get('charge'))),
  ],
  [/^GET \/v1\/disputes\/(\w+)$/, ({ books, id }) => books.find(books.disputes, id, 'dispute')],
  [/^POST \/v1\/setup_intents$/, ({ books, form }) => setupView(books, books.createSetup(form).id)],
  [/^GET \/v1\/setup_intents\/(\w+)$/, ({ books, id }) => setupView(books, id)],
  [
    /^POST \/v1\/payment_methods\/(\w+)\/detach$/,
    ({ books, id }) => books.detach(books.find(books.methods, id, 'PaymentMethod')),
  ],
  [/^GET \/v1\/balance_transactions$/, ({ books, query }) => movements(books, query)],
];

export function answer(books: StripeBooks, route: string, form: Form, query: URLSearchParams): unknown {
  for (const [pattern, handler] of ROUTES) {
    const match = pattern.exec(route);
    if (match) return handler({ books, id: match[1], form, query });
  }
  throw notFound('route');
}

function intentOf(books: StripeBooks, id: string): Intent {
  return books.find(books.intents, id, 'payment_intent');
}

function sessionOf(books: StripeBooks, id: string): Session {
  return books.find(books.sessions, id, 'checkout.session');
}

export function intentView(books: StripeBooks, intent: Intent): unknown {
  return { ...intent, payment_method: books.methods.get(intent.payment_method ?? '') ?? null };
}

function sessionView(books: StripeBooks, { order: _order, ...session }: Session): unknown {
  const intent = books.intents.get(session.payment_intent ?? '');
  return { ...session, payment_intent: intent ? intentView(books, intent) : null };
}

function setupView(books: StripeBooks, id: string): unknown {
  const setup = books.find(books.setups, id, 'setup_intent');
  return { ...setup, payment_method: books.methods.get(setup.payment_method ?? '') ?? null };
}

function searchIntents(books: StripeBooks, query: URLSearchParams): unknown {
  const wanted = /metadata\['payment_id'\]:'([^']+)'/.exec(query.get('query') ?? '')?.[1];
  const found = [...books.intents.values()].filter(({ metadata }) => metadata.payment_id === wanted);
  return { ...list(found.map((intent) => intentView(books, intent))), object: 'search_result' };
}

function movements(books: StripeBooks, query: URLSearchParams): unknown {
  const from = Number(query.get('created[gte]') ?? 0);
  const to = Number(query.get('created[lt]') ?? Number.MAX_SAFE_INTEGER);
  const found = books.movements.filter(({ created }) => created >= from && created < to);
  return list(found.map((movement) => ({ ...movement, source: sourceOf(books, movement.source) })));
}

function sourceOf(books: StripeBooks, id: string): unknown {
  const intent = [...books.intents.values()].find(({ latest_charge }) => latest_charge === id);
  if (intent) return { id, object: 'charge', payment_intent: intent.id, metadata: intent.metadata };
  return books.refunds.get(id) ?? books.disputes.get(id) ?? id;
}

function list(data: readonly unknown[]): Record<string, unknown> {
  return { object: 'list', data, has_more: false, url: '/v1' };
}
