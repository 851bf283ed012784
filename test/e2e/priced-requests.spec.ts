import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CreditsView } from '../../src/credits/credits.view.js';
import type { OfferListView } from '../../src/gpu/offers/offer.view.js';
import { untilServing } from '../support/rental-views.js';
import {
  eventually,
  runDaemon,
  signUp,
  type ApiCaller,
  type RunningDaemon,
} from '../support/running-daemon.js';

const CHAT = '/api/v1/gpu/pools/default/proxy/v1/chat/completions';
const BODY = { model: 'sandbox/tiny-llm', messages: [{ role: 'user', content: 'Hello' }] };

describe('requests with a price', () => {
  let running: RunningDaemon;
  let caller: ApiCaller;

  beforeAll(async () => {
    running = await runDaemon('sqlite', { PRICE_PER_REQUEST: '1', SIGNUP_CREDITS: '6' });
    caller = await signUp(running.url);
    const { body } = await caller.get<OfferListView>('/api/v1/gpu/instances?provider=vast.ai&limit=1');
    await caller.post(`/api/v1/gpu/instances/vast.ai/${body.instances[0].id}`, {});
    await untilServing(caller, 1);
  });
  afterAll(() => running.stop());

  it('are charged, and refused when they cannot be paid any more', async () => {
    const statuses: number[] = [];
    for (let count = 0; count < 8; count += 1) statuses.push((await caller.post(CHAT, BODY)).status);
    const served = statuses.filter((status) => status === 200).length;
    expect(served).toBe(5);
    expect(new Set(statuses.slice(served))).toEqual(new Set([402]));
    const usage = await eventually(async () => {
      const { body } = await caller.get<{ usage: { cost_credits: number }[] }>('/api/v1/credits/usage');
      return body.usage.length >= served && body.usage;
    });
    expect(usage.reduce((sum, row) => sum + row.cost_credits, 0)).toBe(served);
    const { body: credits } = await caller.get<CreditsView>('/api/v1/credits');
    expect(credits.credits_remaining + credits.credits_held + credits.credits_used).toBeCloseTo(6, 6);
  });

  it('cost nothing when nothing was delivered', async () => {
    const rich = await signUp(running.url);
    expect((await rich.post(CHAT, BODY)).status).toBe(503);
    const { body } = await rich.get<CreditsView>('/api/v1/credits');
    expect(body.credits_used).toBe(0);
  });
});
