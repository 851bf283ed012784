import { expect, test } from 'vitest';
import {
  deployIoNet,
  eventually,
  ioNetCaller,
  ioNetUrl,
  rentVast,
  vastCaller,
  vastIn,
  vastOrigin,
} from '../../test/support/sandbox-client.js';
import { startSandbox } from './sandbox.js';

test('sixteen instances of at least 16 GB: eight per farm, on sixteen machines, all serving, and none left at the end', async () => {
  const sandbox = await startSandbox({ timeScale: 2000, rateScale: 0 });
  const search = {
    gpu_ram: { gte: 15_872 },
    direct_port_count: { gte: 1 },
    cpu_arch: { eq: 'amd64' },
    order: [['dph_total', 'asc']],
  };
  const { body } = await vastCaller(sandbox)<{ offers: { id: number; machine_id: number }[] }>(
    'POST',
    '/api/v0/bundles/',
    { body: search },
  );
  const distinct = [...new Map(body.offers.map((offer) => [offer.machine_id, offer.id])).values()].slice(
    0,
    8,
  );
  const contracts = await Promise.all(distinct.map((id) => rentVast(sandbox, id)));
  const deployments = await Promise.all(
    Array.from({ length: 8 }, (_, index) => deployIoNet(sandbox, { resource_private_name: `n-${index}` })),
  );

  const origins = [
    ...(await Promise.all(contracts.map(async (id) => vastOrigin(await vastIn(sandbox, id, 'running'))))),
    ...(await Promise.all(deployments.map((id) => ioNetUrl(sandbox, id)))),
  ];
  const books = [...sandbox.vastAi.control.books().active, ...sandbox.ioNet.control.books().active];
  expect([
    books.length,
    new Set(books.map(({ machineId }) => machineId)).size,
    new Set(origins).size,
  ]).toEqual([16, 16, 16]);
  for (const origin of origins) expect((await fetch(`${origin}/health`)).status).toBe(200);

  for (const id of contracts) await vastCaller(sandbox)('DELETE', `/api/v0/instances/${id}/`, { body: {} });
  for (const id of deployments) await ioNetCaller(sandbox)('DELETE', `/deployment/${id}`);
  await eventually(() => (sandbox.ioNet.control.books().active.length === 0 ? true : undefined));
  expect(sandbox.vastAi.control.books().active).toEqual([]);
  expect(sandbox.ioNet.control.books().ended).toHaveLength(8);
  await sandbox.close();
});

test('closing ends every server and machine', async () => {
  const sandbox = await startSandbox({ timeScale: 2000, rateScale: 0 });
  const row = await vastIn(sandbox, await rentVast(sandbox, 27091933), 'running');
  const url = await ioNetUrl(sandbox, await deployIoNet(sandbox));
  await sandbox.close();
  for (const origin of [sandbox.vastAi.url, sandbox.ioNet.url, vastOrigin(row), url]) {
    await expect(fetch(origin)).rejects.toThrow();
  }
});

test('the same seed gives the same contracts, another one other ports and keys', async () => {
  const keys = async (seed: number): Promise<unknown> => {
    const sandbox = await startSandbox({ timeScale: 2000, rateScale: 0, machines: 'none', seed });
    const body = { image: 'a/b:1', disk: 10 };
    const reply = await vastCaller(sandbox)('PUT', '/api/v0/asks/27091933/', { body });
    const deployment = await deployIoNet(sandbox);
    await sandbox.close();
    return [reply.body, deployment];
  };
  expect(await keys(5)).toEqual(await keys(5));
  expect(await keys(5)).not.toEqual(await keys(6));
});

test('machines may be told how to behave before they start', async () => {
  const sandbox = await startSandbox({ timeScale: 2000, rateScale: 0 });
  sandbox.machineDefaults.isUnhealthy = true;
  const url = await ioNetUrl(sandbox, await deployIoNet(sandbox));
  expect((await fetch(`${url}/health`)).status).toBe(503);
  await sandbox.close();
});

test('a listener hears of every machine before its address is shown, and of its end', async () => {
  const sandbox = await startSandbox({ timeScale: 2000, rateScale: 0 });
  const url = await ioNetUrl(sandbox, await deployIoNet(sandbox));
  const open = new Set<string>();
  sandbox.onMachine({ opened: (origin) => open.add(origin), closed: (origin) => open.delete(origin) });
  expect([...open]).toEqual([url]);
  const id = await rentVast(sandbox, 27091933);
  const origin = vastOrigin(await vastIn(sandbox, id, 'running'));
  expect([...open]).toEqual([url, origin]);
  await vastCaller(sandbox)('DELETE', `/api/v0/instances/${id}/`, { body: {} });
  expect([...open]).toEqual([url]);
  await sandbox.close();
});
