import { describe, expect, it } from 'vitest';
import { ManualClock } from '../clock.js';
import { BucketHistogram } from './bucket-histogram.js';
import { Metrics } from './metrics.js';
import { remembered } from './remembered.js';
import { Tally } from './tally.js';

describe('Metrics', () => {
  it('write what sources tell, in the text form of Prometheus', async () => {
    const metrics = new Metrics();
    const requests = new Tally(['handler', 'status']);
    for (const status of ['200', '200', '503']) requests.add('pool', status);
    metrics.add('requests_total', 'Requests.', requests);
    metrics.gauge('active', 'Under way.', () => 3);
    const text = await metrics.text();
    expect(text).toContain(
      '# HELP gpuproxy_requests_total Requests.\n# TYPE gpuproxy_requests_total counter\n',
    );
    expect(text).toContain('gpuproxy_requests_total{handler="pool",status="200"} 2\n');
    expect(text).toContain('gpuproxy_requests_total{handler="pool",status="503"} 1\n');
    expect(text).toContain('# TYPE gpuproxy_active gauge\ngpuproxy_active 3\n');
  });

  it('keep the others when one source fails', async () => {
    const metrics = new Metrics();
    metrics.gauge('broken', 'Broken.', () => Promise.reject(new Error('database down')));
    metrics.gauge('whole', 'Whole.', () => 1);
    expect(await metrics.text()).toContain('gpuproxy_whole 1\n');
  });

  it('have histograms whose buckets are cumulative seconds', async () => {
    const metrics = new Metrics();
    const durations = new BucketHistogram();
    for (const ms of [1, 7, 7, 400, 900_000]) durations.observe(ms);
    metrics.add('duration_seconds', 'Duration.', durations);
    const text = await metrics.text();
    for (const [bound, count] of [
      ['0.005', 1],
      ['0.01', 3],
      ['0.25', 3],
      ['0.5', 4],
      ['300', 4],
      ['+Inf', 5],
    ])
      expect(text).toContain(`gpuproxy_duration_seconds_bucket{le="${bound}"} ${count}\n`);
    expect(text).toContain('gpuproxy_duration_seconds_sum 900.415\n');
    expect(text).toContain('gpuproxy_duration_seconds_count 5\n');
  });
});

describe('Tally', () => {
  it('takes in so many combinations and counts the rest together', () => {
    const tally = new Tally(['name'], 2);
    for (const name of ['a', 'b', 'c', 'd', 'a']) tally.add(name);
    expect(tally.read()).toEqual([
      { labels: { name: 'a' }, value: 2 },
      { labels: { name: 'b' }, value: 1 },
      { labels: { name: 'other' }, value: 2 },
    ]);
  });
});

describe('remembered', () => {
  it('asks once in ten seconds, and again after a failure', async () => {
    const clock = new ManualClock();
    let asked = 0;
    const read = remembered(clock, () => {
      asked += 1;
      return asked === 3 ? Promise.reject(new Error('down')) : Promise.resolve(asked);
    });
    expect([await read(), await read()]).toEqual([1, 1]);
    clock.advance(10_000);
    expect(await read()).toBe(2);
    clock.advance(10_000);
    await expect(read()).rejects.toThrow('down');
    expect(await read()).toBe(4);
  });
});
