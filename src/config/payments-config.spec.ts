import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from './load-config.js';

const BASE = { JWT_SECRET: 'a secret of the tests that is long enough' };
const LIVE = { STRIPE_SECRET_KEY: 'sk_live_0123456789abcdef' };
const TEST = { STRIPE_SECRET_KEY: 'sk_test_0123456789abcdef' };
const AFTERDARK = { AFTERDARK_API_KEY: 'ad_key', AFTERDARK_API_URL: 'https://pay.example.com/v1' };

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig({ ...BASE, ...env });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('the settings of payments', () => {
  it.each([
    ['nothing', {}],
    ['a test key in development', TEST],
    ['a restricted test key', { STRIPE_SECRET_KEY: 'rk_test_abc' }],
    ['a live key in production', { ...LIVE, NODE_ENV: 'production' }],
    ['a test key in production, allowed', { ...TEST, NODE_ENV: 'production', ALLOW_TEST_PAYMENTS: 'true' }],
    ['a loopback Stripe', { ...TEST, STRIPE_API_URL: 'http://127.0.0.1:8123' }],
    ['AfterDark', AFTERDARK],
    ['a loopback AfterDark', { ...AFTERDARK, AFTERDARK_API_URL: 'http://localhost:9000' }],
    ['a status path', { ...AFTERDARK, AFTERDARK_STATUS_PATH: '/transactions/{id}' }],
  ])('may be %s', (_, env) => {
    expect(problemsOf(env as Record<string, string>)).toEqual([]);
  });

  it.each([
    ['a live key outside production', LIVE, 'STRIPE_SECRET_KEY'],
    ['a live key in tests', { ...LIVE, NODE_ENV: 'test' }, 'STRIPE_SECRET_KEY'],
    ['a restricted live key outside production', { STRIPE_SECRET_KEY: 'rk_live_abc' }, 'STRIPE_SECRET_KEY'],
    ['a test key in production', { ...TEST, NODE_ENV: 'production' }, 'STRIPE_SECRET_KEY'],
    ['a publishable key', { STRIPE_SECRET_KEY: 'pk_test_abc' }, 'STRIPE_SECRET_KEY'],
    ['a sample key', { STRIPE_SECRET_KEY: 'your-stripe-key' }, 'STRIPE_SECRET_KEY'],
    ['plain http to Stripe', { ...TEST, STRIPE_API_URL: 'http://api.example.com' }, 'STRIPE_API_URL'],
    [
      'plain http to AfterDark',
      { ...AFTERDARK, AFTERDARK_API_URL: 'http://pay.example.com' },
      'AFTERDARK_API_URL',
    ],
    [
      'plain http to loopback in production',
      { ...AFTERDARK, AFTERDARK_API_URL: 'http://127.0.0.1:1', NODE_ENV: 'production' },
      'AFTERDARK_API_URL',
    ],
    [
      'credentials in a URL',
      { ...AFTERDARK, AFTERDARK_API_URL: 'https://u:p@pay.example.com' },
      'AFTERDARK_API_URL',
    ],
    ['AfterDark without a key', { AFTERDARK_API_URL: 'https://pay.example.com' }, 'AFTERDARK_API_KEY'],
    [
      'a status path without an id',
      { ...AFTERDARK, AFTERDARK_STATUS_PATH: '/transactions' },
      'AFTERDARK_STATUS_PATH',
    ],
  ])('must not be %s', (_, env, name) => {
    const problems = problemsOf(env as Record<string, string>);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(name);
    expect(problems[0]).not.toContain('0123456789abcdef');
  });

  it('names the secrets that may sign call-backs', () => {
    const { stripe } = loadConfig({ ...BASE, ...TEST, STRIPE_WEBHOOK_SECRET: 'whsec_a, whsec_b' }).payments;
    expect(stripe).toMatchObject({ isLive: false, webhookSecrets: ['whsec_a', 'whsec_b'] });
  });
});
