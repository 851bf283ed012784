import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  answerEverything,
  instanceLoad,
  offer,
  rental,
  reservation,
} from '../../../test/support/api-answers.js';
import { json, startApiDouble, type ApiDouble } from '../../../test/support/api-double.js';
import { runClient, shellWords, type ClientRun } from '../../../test/support/run-client.js';

describe('commands about machines', () => {
  let double: ApiDouble;
  beforeEach(async () => {
    double = await startApiDouble();
    answerEverything(double);
  });
  afterEach(() => double.close());

  const run = (...argv: string[]): Promise<ClientRun> =>
    runClient(['-api', double.url, '-key', 'k', ...argv]);
  const type = (line: string): Promise<ClientRun> => run(...shellWords(`client ${line}`));
  const sent = (): Record<string, unknown> => JSON.parse(double.received[0].body) as Record<string, unknown>;

  it('list: one aligned line an offer, prices per hour on the right', async () => {
    const { lines } = await run('list');
    expect(lines[0]).toMatch(/^ID +PROVIDER +GPU +VRAM +PRICE +CPU +RAM +DISK +LOCATION$/);
    expect(lines[1]).toMatch(
      /^vast-12345 +vast\.ai +2x RTX 4090 +24 GB +\$0\.812\/h +32 +128 GB +500 GB +Sweden, SE$/,
    );
    expect(lines[0].indexOf('LOCATION')).toBe(lines[1].indexOf('Sweden'));
    expect(lines[1].indexOf('/h')).toBe(lines[2].indexOf('/h'));
  });

  it('list: shows a dash for what a farm does not tell', async () => {
    const unknown = { ...offer, cpu_cores: null, ram_gb: null, storage_gb: null, location: null };
    double.answer('GET /api/v1/gpu/instances', json({ instances: [unknown], count: 1, provider: 'all' }));
    expect((await run('list')).lines[1]).toMatch(/\/h +- +- +- +-$/);
  });

  it('list: sends all filters by the names of the server', async () => {
    await type(`
      list -min-vram 16 -max-price=1.5 -gpu-model "RTX 4090" -location SE -min-gpus 2
      -verified -min-reliability 0.9 -limit 5 -sort -price
    `);
    expect(Object.fromEntries(new URL(double.received[0].url, double.url).searchParams)).toEqual({
      min_vram: '16',
      max_price: '1.5',
      gpu_model: 'RTX 4090',
      location: 'SE',
      min_gpus: '2',
      verified: 'true',
      min_reliability: '0.9',
      limit: '5',
      sort: '-price',
    });
  });

  it('list: says which farm is missing and that offers are stale', async () => {
    const asOf = new Date(Date.now() - 10 * 60_000 - 5000).toISOString();
    const partial = [{ provider: 'io.net', code: 'provider_unavailable' }];
    double.answer(
      'GET /api/v1/gpu/instances',
      json({ instances: [offer], count: 1, provider: 'all', partial, as_of: asOf }),
    );
    const { lines } = await run('list');
    expect(lines[2]).toBe('io.net is missing: provider_unavailable');
    expect(lines[3]).toBe('These offers are stale: as of 10 min ago');
  });

  it('list: says so when nothing fits', async () => {
    double.answer('GET /api/v1/gpu/instances', json({ instances: [], count: 0, provider: 'all' }));
    expect((await run('list')).stdout).toBe('No GPU on offer fits.\n');
  });

  it('create: tells what was rented', async () => {
    const { lines } = await run('create', 'vast.ai', '12345');
    expect(lines).toContain(`rental    ${rental.id}`);
    expect(lines).toContain('state     requested');
    expect(lines).toContain('price     $0.812/h');
  });

  it('create: sends image, disk, ports, environment, command, pool, health and time limit', async () => {
    await type(`
      create vast.ai 12345 -image vllm/vllm-openai -disk 40 -ports 8000,9000 -env HF_TOKEN=hf_a=b
      -env DEBUG=1 -command '--model "my model" -v' -pool llama -health /ready -health-port 9000
      -hours 2 -max-price 1.5 -timelimit 1h
    `);
    expect(sent()).toEqual({
      image: 'vllm/vllm-openai',
      disk_gb: 40,
      ports: [8000, 9000],
      env: { HF_TOKEN: 'hf_a=b', DEBUG: '1' },
      command: ['--model', 'my model', '-v'],
      pool: 'llama',
      health: { path: '/ready', port: 9000 },
      duration_hours: 2,
      max_price: 1.5,
    });
    expect(double.received[0].headers['x-timelimit']).toBe('1h');
  });

  it('create: -ports none asks for no service', async () => {
    await run('create', 'vast.ai', '12345', '-ports', 'none');
    expect(sent()).toEqual({ ports: [] });
  });

  it.each([
    ['-ports', '80,x', '-ports is a list of ports'],
    ['-ports', '70000', '-ports is a list of ports'],
    ['-env', 'HF_TOKEN', '-env is written NAME=value'],
    ['-timelimit', 'soon', '-timelimit is not a duration'],
    ['-health-port', '1', '-health-port needs -health'],
  ])('create: refuses %s %s before anything is sent', async (flag, value, message) => {
    const { status, stderr } = await run('create', 'vast.ai', '12345', flag, value);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
    expect(double.received).toEqual([]);
  });

  it('create, reserve and extend carry an idempotency key of their own or the one given', async () => {
    await run('create', 'vast.ai', '12345');
    await run('reserve', '2');
    await run('extend', rental.id, '3', '-idempotency-key', 'again-1');
    const keys = double.received.map(({ headers }) => headers['idempotency-key']);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(keys[1]).not.toBe(keys[0]);
    expect(keys[2]).toBe('again-1');
  });

  it('create: an attempt whose end is unknown says how to repeat it', async () => {
    double.answer(
      'POST /api/v1/gpu/instances/vast.ai/12345',
      (_, response) => void response.socket?.destroy(),
    );
    const { status, stderr } = await run('create', 'vast.ai', '12345');
    expect(status).toBe(3);
    const key = String(double.received[0].headers['idempotency-key']);
    expect(stderr).toMatch(/^error \(connection_lost\): .*it may have been done all the same/);
    expect(stderr).toContain(`-idempotency-key ${key}`);
  });

  it('destroy: tells the state', async () => {
    expect((await run('destroy', 'vast.ai', '12345')).lines.slice(0, 3)).toEqual([
      'Instance destroyed',
      `rental  ${rental.id}`,
      'state   destroyed',
    ]);
  });

  it('reserve: lists what it got and what all costs together', async () => {
    const { lines } = await run('reserve', '2');
    expect(lines[1]).toMatch(/^vast-1 +vast\.ai +RTX 4090 +24 GB +\$0\.400\/h +a1$/);
    expect(lines[3]).toBe('2 of 2 reserved in pool r-9b2c0000, $2.900/h together.');
  });

  it('reserve: says how to follow what is not up yet', async () => {
    double.answer('POST /api/v1/gpu/instances/reserve', json({ ...reservation, state: 'pending' }, 201));
    expect((await run('reserve', '2')).lines).toContain('Follow it with: rentals');
  });

  it('reserve: names what could not be had', async () => {
    const errors = [{ provider: 'io.net', offer_id: 'h100', code: 'offer_gone' }];
    double.answer('POST /api/v1/gpu/instances/reserve', json({ ...reservation, requested: 3, errors }, 201));
    expect((await run('reserve', '3')).stdout).toContain('not reserved: io.net h100 offer_gone\n');
  });

  it('reserve: sends filters, config, mode and limits', async () => {
    await type(`
      reserve 4 -min-vram 24 -provider vast.ai -mode best_effort -pool llama -image ollama/ollama
      -max-total-price 9.5 -timelimit 30m
    `);
    expect(sent()).toEqual({
      count: 4,
      filters: { min_vram: 24, provider: 'vast.ai' },
      config: { image: 'ollama/ollama' },
      mode: 'best_effort',
      pool: 'llama',
      max_total_price: 9.5,
    });
    expect(double.received[0].headers['x-timelimit']).toBe('30m');
  });

  it.each(['0', '17', '1.5', 'many', '-5'])('reserve: refuses %s machines', async (count) => {
    const { status, stderr } = await run('reserve', count);
    expect(status).toBe(2);
    expect(stderr).toContain(`N is a number from 1 to 16, not "${count}"`);
  });

  it('rentals: state, cost and age of each', async () => {
    const { lines } = await run('rentals');
    expect(lines[1]).toMatch(
      /vast-777 +running +yes +2x RTX 4090 +\$0\.812\/h +\$1\.50 +5 min ago +default, llama$/,
    );
    expect(lines[2]).toMatch(/vast-778 +failed +no .* -$/);
  });

  it('rentals: passes a cursor on and names the next', async () => {
    double.answer('GET /api/v1/gpu/rentals', json({ rentals: [rental], next_cursor: 'c2' }));
    const { lines } = await run('rentals', '-state', 'running', '-limit', '1', '-cursor', 'c1');
    expect(double.received[0].url).toBe('/api/v1/gpu/rentals?state=running&limit=1&cursor=c1');
    expect(lines[2]).toBe('There is more: -cursor c2');
  });

  it('rental: everything about one, and why it is in its state', async () => {
    const failed = { ...rental, state: 'failed', reason: 'boot_timeout', url: null };
    double.answer(`GET /api/v1/gpu/rentals/${rental.id}`, json(failed));
    const { lines } = await run('rental', rental.id);
    expect(lines).toContain('state     failed (boot_timeout), 5 min ago');
    expect(lines).toContain('gpu       2x RTX 4090, 24 GB each');
    expect(lines).toContain('created   2 h 5 min ago');
    expect(lines).toContain('expires   in 3 h');
    expect(lines.some((line) => line.startsWith('url'))).toBe(false);
  });

  it('extend: asks for whole hours', async () => {
    expect((await run('extend', rental.id, '3')).status).toBe(0);
    expect(sent()).toEqual({ hours: 3 });
    expect((await run('extend', rental.id, '0.5')).stderr).toContain('HOURS is a whole number');
  });

  it('logs: the text as it is, ending in a line end', async () => {
    expect((await run('logs', rental.id, '-tail', '2')).stdout).toBe('booting\nready\n');
    expect(double.received[0].url).toBe(`/api/v1/gpu/rentals/${rental.id}/logs?tail=2`);
    double.answer(`GET /api/v1/gpu/rentals/${rental.id}/logs`, json({ logs: 'no end' }));
    expect((await run('logs', rental.id)).stdout).toBe('no end\n');
  });

  it('pools, reservations and cancel', async () => {
    expect((await run('pools')).lines[1]).toMatch(
      /^llama +1 of 2 +openai +round_robin \(default\) +first +llama-3$/,
    );
    expect((await run('reservations')).lines[1]).toMatch(/ completed +r-9b2c0000 +10 min ago +2 of 2$/);
    const cancelled = await run('cancel', reservation.reservation_id);
    expect(cancelled.stdout).toContain(`Reservation ${reservation.reservation_id}: completed (cancelled)\n`);
  });

  it('load server: strategy and numbers of each instance', async () => {
    const { lines } = await run('load', 'server');
    expect(lines[0]).toBe('Server load, strategy round_robin');
    expect(lines[2]).toMatch(/^vast-777 +vast\.ai +serving +3 +420 +250ms +1\.2s +1\.8 +2 min ago$/);
    double.answer('GET /api/v1/loadbalancer/loads', json({ strategy: 'round_robin', count: 0, loads: {} }));
    expect((await run('load', 'server')).lines[1]).toBe('No instance is being balanced.');
  });

  it('load provider: count, GPUs and cheapest price of each farm, without what is taken', async () => {
    const instances = [
      offer,
      { ...offer, price_per_hour: 0.3 },
      { ...offer, price_per_hour: 0.1, available: false },
    ];
    double.answer('GET /api/v1/gpu/instances', json({ instances, count: 3, provider: 'all' }));
    expect((await run('load', 'provider')).lines[2]).toMatch(/^vast\.ai +2 +4 +\$0\.300\/h$/);
  });

  it('load -json: both answers in one document', async () => {
    const document = JSON.parse((await run('load', '-json')).stdout) as Record<
      string,
      Record<string, unknown>
    >;
    expect(document.server.loads).toEqual({ 'vast-777': instanceLoad });
    expect(document.provider.count).toBe(2);
  });

  it('lb-strategy: shows and sets', async () => {
    expect((await run('lb-strategy')).lines[0]).toBe('strategy  round_robin');
    expect((await run('lb-strategy', 'least_connections')).lines.slice(0, 2)).toEqual([
      'strategy  least_connections',
      'Strategy updated',
    ]);
  });

  it('does not let an id lead to another route', async () => {
    expect((await run('rental', '..')).status).toBe(2);
    await run('destroy', 'vast.ai', '../../../credits?x');
    expect(double.received[0].url).toBe('/api/v1/gpu/instances/vast.ai/..%2F..%2F..%2Fcredits%3Fx');
  });
});
