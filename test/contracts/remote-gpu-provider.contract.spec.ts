import { Logger } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { openIoNet, openVastAi, type RemoteFarmUnderTest } from '../support/gpu-farms.js';
import { cheapest, codeOf, isGone, orderFor, reach, use } from '../support/gpu-orders.js';

Logger.overrideLogger(false);

describe.each([
  { farm: 'vast.ai', open: openVastAi },
  { farm: 'io.net', open: openIoNet },
])('a farm over the network: $farm', ({ open }) => {
  it.each(['cut_after', 'html_504_after'] as const)(
    'reports a rent whose answer is lost (%s), sends it once, and finds it by label',
    async (how) => {
      const farm = await use<RemoteFarmUnderTest>(open());
      const order = orderFor(await cheapest(farm.provider));
      farm.loseNextRent(how);
      expect(await codeOf(farm.provider.rent(order, {}))).toBe('rent_outcome_unknown');
      const listed = await farm.provider.listContracts(order.label, {});
      expect(listed.map(({ label }) => label)).toEqual([order.label]);
      expect(farm.activeContracts()).toBe(1);
    },
  );

  it('never repeats a rent that may have been carried out', async () => {
    const farm = await use<RemoteFarmUnderTest>(open());
    const order = orderFor(await cheapest(farm.provider));
    farm.failNext('rent', 'cut_before');
    expect(await codeOf(farm.provider.rent(order, {}))).toBe('rent_outcome_unknown');
    expect(farm.activeContracts()).toBe(0);
  });

  it('gives up on a rent that is never answered', async () => {
    const farm = await use<RemoteFarmUnderTest>(open({ apiTimeoutMs: 300 }));
    const order = orderFor(await cheapest(farm.provider));
    farm.failNext('rent', 'never_answers');
    expect(await codeOf(farm.provider.rent(order, {}))).toBe('rent_outcome_unknown');
  });

  it('sends a rent again after a 429, because nothing was done', async () => {
    const farm = await use<RemoteFarmUnderTest>(open());
    const order = orderFor(await cheapest(farm.provider));
    farm.failNext('rent', 'rate_limited', 2);
    expect((await farm.provider.rent(order, {})).contractId).not.toBe('');
    expect(farm.activeContracts()).toBe(1);
  });

  it.each(['cut_before', 'html_502', 'rate_limited'] as const)('reads again after %s', async (how) => {
    const farm = await use<RemoteFarmUnderTest>(open());
    farm.failNext('list', how, 2);
    expect(await farm.provider.listContracts('gpx-', {})).toEqual([]);
  });

  it.each([
    { how: 'html_502', code: 'provider_unavailable' },
    { how: 'server_error', code: 'provider_unavailable' },
    { how: 'cut_before', code: 'provider_unavailable' },
    { how: 'rate_limited', code: 'provider_rate_limited' },
  ] as const)('fails a list rather than call it empty: $how', async ({ how, code }) => {
    const farm = await use<RemoteFarmUnderTest>(open());
    farm.failNext('list', how, 50);
    expect(await codeOf(farm.provider.listContracts('gpx-', {}))).toBe(code);
  });

  it('fails a search that is answered with a page of HTML', async () => {
    const farm = await use<RemoteFarmUnderTest>(open());
    farm.failNext('search', 'html_502', 50);
    expect(await codeOf(farm.provider.searchOffers({}, {}))).toBe('provider_unavailable');
  });

  it('destroys through 429s and gateway errors', async () => {
    const farm = await use<RemoteFarmUnderTest>(open());
    const { contractId } = await farm.provider.rent(orderFor(await cheapest(farm.provider)), {});
    farm.failNext('destroy', 'rate_limited', 3);
    farm.failNext('destroy', 'html_502', 1);
    await farm.provider.destroyContract(contractId, {});
    expect(isGone(await reach(farm.provider, contractId, isGone))).toBe(true);
  });

  it('tells an empty account from a lost offer', async () => {
    const farm = await use<RemoteFarmUnderTest>(open());
    const order = orderFor(await cheapest(farm.provider));
    farm.emptyAccount();
    expect(await codeOf(farm.provider.rent(order, {}))).toBe('provider_out_of_credit');
  });

  it('tells a bad key from everything else, and never shows it', async () => {
    const { withBadKey, foreignContractId } = await use<RemoteFarmUnderTest>(open());
    const stranger = withBadKey();
    expect(await codeOf(stranger.listContracts('gpx-', {}))).toBe('provider_auth_failed');
    expect(await codeOf(stranger.showContract(foreignContractId, {}))).toBe('provider_auth_failed');
    const error: unknown = await stranger.searchOffers({}, {}).catch((reason: unknown) => reason);
    expect(JSON.stringify(error)).not.toMatch(/wrong-key|127\.0\.0\.1/);
  });

  it('keeps the order of variables away from the farm flags', async () => {
    const { provider } = await use<RemoteFarmUnderTest>(open());
    const order = orderFor(await cheapest(provider), { env: { '-p 22:22': '1' } });
    expect(await codeOf(provider.rent(order, {}))).toBe('provider_rejected');
  });

  it('ends a call at once when its caller gives up', async () => {
    const farm = await use<RemoteFarmUnderTest>(open());
    farm.failNext('list', 'never_answers', 5);
    const started = Date.now();
    expect(await codeOf(farm.provider.listContracts('gpx-', { signal: AbortSignal.timeout(100) }))).toBe(
      'provider_unavailable',
    );
    expect(Date.now() - started).toBeLessThan(1500);
  });
});
