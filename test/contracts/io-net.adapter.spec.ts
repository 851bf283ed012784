import { Logger } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { openIoNet, type RemoteFarmUnderTest } from '../support/gpu-farms.js';
import { cheapest, codeOf, isUp, orderFor, reach, use } from '../support/gpu-orders.js';

Logger.overrideLogger(false);

describe('the adapter of io.net', () => {
  it('reads states in capitals', async () => {
    const { provider, sandbox } = await use<RemoteFarmUnderTest>(openIoNet());
    sandbox.ioNet.control.shout();
    const { contractId } = await provider.rent(orderFor(await cheapest(provider)), {});
    expect(await reach(provider, contractId, isUp)).toMatchObject({ state: 'running' });
  });

  it('knows the end of the paid hour and moves it by an extension', async () => {
    const { provider } = await use<RemoteFarmUnderTest>(openIoNet());
    const { contractId } = await provider.rent(orderFor(await cheapest(provider)), {});
    const before = await reach(provider, contractId, isUp);
    expect(Math.abs((before?.endsAt ?? 0) - Date.now() - 3_600_000)).toBeLessThan(120_000);
    await provider.extendContract?.(contractId, 2, {});
    const after = await provider.showContract(contractId, {});
    expect((after?.endsAt ?? 0) - (before?.endsAt ?? 0)).toBe(7_200_000);
  });

  it('reports an extension whose answer is lost, and does not pay twice', async () => {
    const { provider, sandbox } = await use<RemoteFarmUnderTest>(openIoNet());
    const { contractId } = await provider.rent(orderFor(await cheapest(provider)), {});
    const before = await reach(provider, contractId, isUp);
    sandbox.ioNet.control.inject('extend', 'cut_after');
    const extension = provider.extendContract?.(contractId, 1, {}) ?? Promise.resolve();
    expect(await codeOf(extension)).toBe('rent_outcome_unknown');
    const after = await provider.showContract(contractId, {});
    expect((after?.endsAt ?? 0) - (before?.endsAt ?? 0)).toBe(3_600_000);
  });

  it('takes a taken name for its own lost rent', async () => {
    const { provider, sandbox } = await use<RemoteFarmUnderTest>(openIoNet());
    sandbox.ioNet.control.inject('deploy', 'name_taken');
    expect(await codeOf(provider.rent(orderFor(await cheapest(provider)), {}))).toBe('rent_outcome_unknown');
  });

  it('tells why a container failed', async () => {
    const { provider, sandbox } = await use<RemoteFarmUnderTest>(openIoNet());
    sandbox.ioNet.control.inject('boot', 'container_failed');
    const { contractId } = await provider.rent(orderFor(await cheapest(provider)), {});
    const failed = await reach(provider, contractId, (contract) => contract?.state === 'failed');
    expect(failed?.reason).toBeTruthy();
  });

  it('calls a deployment at the end of its term over', async () => {
    const { provider, sandbox } = await use<RemoteFarmUnderTest>(openIoNet());
    const { contractId } = await provider.rent(orderFor(await cheapest(provider)), {});
    await reach(provider, contractId, isUp);
    sandbox.ioNet.control.endDeployment(contractId);
    expect(await provider.showContract(contractId, {})).toMatchObject({
      state: 'gone',
      reason: 'contract_end',
    });
    expect(await provider.listContracts('gpx-', {})).toEqual([]);
  });
});
