import type { PaymentsConfig } from './config.js';
import type { Environment } from './env.dto.js';
import { splitList } from './rules.js';
import { isSampleValue } from './sample-values.js';

const STRIPE_KEY = /^(?:sk|rk)_(live|test)_\w+$/;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** What is wrong with the variables of Stripe and AfterDark. Real money never meets a test, and the other way round. */
export function paymentProblems(environment: Environment): string[] {
  return [
    ...stripeKeyProblems(environment),
    ...urlProblems('STRIPE_API_URL', environment.STRIPE_API_URL, environment),
    ...urlProblems('AFTERDARK_API_URL', environment.AFTERDARK_API_URL, environment),
    ...afterDarkProblems(environment),
  ];
}

function stripeKeyProblems({ STRIPE_SECRET_KEY, NODE_ENV, ALLOW_TEST_PAYMENTS }: Environment): string[] {
  if (STRIPE_SECRET_KEY === undefined) return [];
  if (isSampleValue(STRIPE_SECRET_KEY)) return ['STRIPE_SECRET_KEY is a sample value'];
  const mode = STRIPE_KEY.exec(STRIPE_SECRET_KEY)?.[1];
  if (mode === undefined)
    return ['STRIPE_SECRET_KEY must begin with sk_test_, sk_live_, rk_test_ or rk_live_'];
  if (mode === 'live' && NODE_ENV !== 'production')
    return [`STRIPE_SECRET_KEY is a live key, and NODE_ENV is ${NODE_ENV}: real cards need production`];
  if (mode === 'test' && NODE_ENV === 'production' && !ALLOW_TEST_PAYMENTS)
    return ['STRIPE_SECRET_KEY is a test key in production: anybody could pay with a test card'];
  return [];
}

/** Keys and money travel over TLS; plain http only to this machine, and not in production. */
function urlProblems(name: string, text: string | undefined, { NODE_ENV }: Environment): string[] {
  if (text === undefined || !URL.canParse(text)) return [];
  const { protocol, hostname, username } = new URL(text);
  if (username !== '') return [`${name} must not hold credentials`];
  if (protocol === 'https:') return [];
  const isLocal = LOOPBACK.test(hostname) && NODE_ENV !== 'production';
  return isLocal ? [] : [`${name} must be https (http only for loopback, outside production)`];
}

function afterDarkProblems({ AFTERDARK_API_URL, AFTERDARK_API_KEY }: Environment): string[] {
  if (isSampleValue(AFTERDARK_API_KEY)) return ['AFTERDARK_API_KEY is a sample value'];
  if ((AFTERDARK_API_URL === undefined) === (AFTERDARK_API_KEY === undefined)) return [];
  return ['AFTERDARK_API_URL and AFTERDARK_API_KEY need each other'];
}

export function paymentsConfig(environment: Environment): PaymentsConfig {
  const { STRIPE_SECRET_KEY: secretKey } = environment;
  return {
    stripe: {
      secretKey,
      isLive: STRIPE_KEY.exec(secretKey ?? '')?.[1] === 'live',
      apiUrl: environment.STRIPE_API_URL,
      webhookSecrets: splitList(environment.STRIPE_WEBHOOK_SECRET),
    },
    afterDark: {
      apiUrl: environment.AFTERDARK_API_URL,
      apiKey: environment.AFTERDARK_API_KEY,
      webhookSecrets: splitList(environment.AFTERDARK_WEBHOOK_SECRET),
      statusPath: environment.AFTERDARK_STATUS_PATH,
      isSyncTrusted: environment.AFTERDARK_TRUST_SYNC,
      amountFormat: environment.AFTERDARK_AMOUNT_FORMAT,
    },
  };
}
