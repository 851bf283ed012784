import { describe, expect, it } from 'vitest';
import { fixture } from '../../../test/support/fixtures.js';
import type { WireObject } from '../wire-guards.js';
import { priceFor, toContract, toOffer } from './vast-ai.mapping.js';
import { readInstance, readInstancePage, readOffers } from './vast-ai.wire.js';

const NOW = 1_791_504_000_000;

function shown(state: string): WireObject {
  const instance = readInstance(fixture(`vast/instance.${state}.response.json`));
  if (!instance) throw new Error('no instance');
  return instance;
}

describe('the state of an instance', () => {
  it.each([
    ['null-provisioning', 'pending', undefined],
    ['created', 'pending', undefined],
    ['loading-pull', 'pending', '9aee425378d2: Downloading 1.31GB/4.02GB'],
    ['loading-stuck', 'pending', '9aee425378d2: Downloading 0.02GB/4.02GB'],
    ['rebooting', 'pending', undefined],
    ['running', 'running', undefined],
    ['running-no-ports', 'running', undefined],
    ['running-ssh-runtype', 'running', undefined],
    ['error-oci', 'failed', 'oci runtime error'],
    ['error-image-pull', 'failed', 'image cannot be pulled'],
    ['error-registry-auth', 'failed', 'image cannot be pulled'],
    ['exited-crashed', 'failed', 'container exited'],
    ['frozen', 'failed', 'frozen'],
    ['expired', 'stopped', 'contract_end'],
    ['stopped-outbid', 'stopped', 'outbid'],
    ['stopped-by-user', 'stopped', 'stopped'],
    ['scheduling-after-start', 'stopped', 'waiting for the GPU'],
    ['offline', 'offline', 'host offline'],
    ['unknown', 'offline', 'host sends no heartbeat'],
  ])('%s is %s', (fixtureName, state, reason) => {
    const contract = toContract(shown(fixtureName), NOW);
    expect([contract.state, contract.reason]).toEqual([state, reason]);
  });

  it('is gone when the farm says null', () => {
    expect(readInstance(fixture('vast/instance.gone.response.json'))).toBeNull();
  });

  it('knows an expired contract by its date when the text is silent', () => {
    const silent = { ...shown('expired'), status_msg: null };
    expect(toContract(silent, NOW)).toMatchObject({ state: 'stopped', reason: 'contract_end' });
  });

  it('tells an empty account', () => {
    const broke = { ...shown('stopped-by-user'), status_msg: 'Your account lacks credit\n' };
    expect(toContract(broke, NOW).reason).toBe('insufficient_credits');
  });

  it('waits for words that nobody knows yet, and ends what was destroyed', () => {
    expect(toContract({ ...shown('created'), actual_status: 'warming' }, NOW).state).toBe('pending');
    expect(toContract({ ...shown('running'), actual_status: 'destroyed' }, NOW).state).toBe('gone');
  });

  it('does not read failures out of the name of an image', () => {
    const running = { ...shown('created'), status_msg: 'success, running acme/error-failed_1/args\n' };
    expect(toContract(running, NOW).state).toBe('pending');
  });
});

describe('a contract', () => {
  it('has its address trimmed, its ports read from text, and its end in milliseconds', () => {
    expect(toContract(shown('running'), NOW)).toEqual({
      contractId: '31415926',
      label: 'gpuproxy:prod:node-01HZX',
      state: 'running',
      machineId: '36666',
      pricePerHour: 0.335777777767,
      origins: new Map([[8000, 'http://198.51.100.133:41300']]),
      endsAt: 1_791_509_400_000,
      startedAt: 1_791_496_799_600,
    });
  });

  it('maps SSH beside the service', () => {
    expect([...toContract(shown('running-ssh-runtype'), NOW).origins.keys()]).toEqual([22, 8000]);
  });

  it('has no address as long as nothing is mapped, or when the address is none', () => {
    expect(toContract(shown('running-no-ports'), NOW).origins.size).toBe(0);
    expect(toContract({ ...shown('running'), public_ipaddr: 'evil.example/x' }, NOW).origins.size).toBe(0);
    const badPort = { '8000/tcp': [{ HostPort: '99999' }], '9000/udp': [{ HostPort: '41301' }] };
    expect(toContract({ ...shown('running'), ports: badPort }, NOW).origins.size).toBe(0);
  });

  it('has an IPv6 address in brackets', () => {
    const contract = toContract({ ...shown('running'), public_ipaddr: '2001:db8::1' }, NOW);
    expect(contract.origins.get(8000)).toBe('http://[2001:db8::1]:41300');
  });
});

describe('a page of the list', () => {
  it('is read with its token', () => {
    const first = readInstancePage(fixture('vast/instances.page1.response.json'));
    expect([first?.instances.length, first?.total]).toEqual([25, 28]);
    expect(first?.nextToken).toMatch(/^eyJ/);
    const last = readInstancePage(fixture('vast/instances.page2.response.json'));
    expect([last?.instances.length, last?.nextToken]).toEqual([3, null]);
    expect(readInstancePage(fixture('vast/instances.empty.response.json'))?.instances).toEqual([]);
  });

  it.each([
    undefined,
    'text',
    {},
    { instances: null },
    { instances: {} },
    { instances: [{}] },
    { success: false, instances: [] },
    { instances: [], next_token: 5 },
  ])('is no page: %j', (body) => {
    expect(readInstancePage(body)).toBeUndefined();
  });
});

describe('an offer', () => {
  const rows = readOffers(fixture('vast/search.default.response.json')) ?? [];
  const row = rows[0];

  it('is made of every row of a recorded search', () => {
    const offers = rows.map((one) => toOffer(one, 8));
    expect(offers).toHaveLength(64);
    for (const [index, offer] of offers.entries()) {
      expect(offer?.pricePerHour).toBeCloseTo(Number(rows[index].dph_total), 6);
      expect(offer?.vramGb).toBeGreaterThan(0);
      expect(offer?.specifications).toMatchObject({ minimum_hours: 0, verification: 'verified' });
    }
  });

  it('is priced for the disk that will be rented', () => {
    const base = { dph_base: 0.5, storage_cost: 0.14933, dph_total: 9 };
    expect(priceFor(base, 10)).toBeCloseTo(0.5 + 0.0020741, 6);
    expect(priceFor({ dph_total: 9 }, 10)).toBe(9);
  });

  it.each([
    ['Texas, US', 'Texas, US', 'US'],
    [', US', 'US', 'US'],
    ['Hong Kong, HK', 'Hong Kong, HK', 'HK'],
    ['Somewhere', 'Somewhere', null],
    [null, null, null],
  ])('at %j is in %j', (geolocation, location, countryCode) => {
    expect(toOffer({ ...row, geolocation }, 8)).toMatchObject({ location, countryCode });
  });

  it('has its share of the machine’s memory, also when the cores are not told', () => {
    const shared = { ...row, cpu_ram: 102_400, cpu_cores: 64, cpu_cores_effective: 16, gpu_frac: 0.25 };
    expect(toOffer(shared, 8)?.ramGb).toBe(25);
    expect(toOffer({ ...shared, cpu_cores: null }, 8)?.ramGb).toBe(25);
  });

  it('tells verified hosts from the others', () => {
    const of = (verification?: string): boolean | null | undefined =>
      toOffer({ ...row, verification }, 8)?.verified;
    expect([of('verified'), of('deverified'), of()]).toEqual([true, false, null]);
  });

  it('is none without an id, a GPU or a price', () => {
    expect(toOffer({ ...row, id: undefined }, 8)).toBeUndefined();
    expect(toOffer({ ...row, gpu_name: null }, 8)).toBeUndefined();
    expect(toOffer({ ...row, dph_base: null, dph_total: null }, 8)).toBeUndefined();
  });
});
