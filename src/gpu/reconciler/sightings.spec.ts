import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../common/clock.js';
import { Sightings } from './sightings.js';

describe('Sightings', () => {
  it('counts a row and remembers its beginning', () => {
    const clock = new ManualClock(1000);
    const sightings = new Sightings(clock);
    expect(sightings.add('a')).toEqual({ count: 1, since: 1000 });
    clock.advance(5000);
    expect(sightings.add('a')).toEqual({ count: 2, since: 1000 });
    expect(sightings.add('b')).toEqual({ count: 1, since: 6000 });
  });

  it('begins anew after a break, and after a long time without a look', () => {
    const clock = new ManualClock(1000);
    const sightings = new Sightings(clock);
    sightings.add('a');
    sightings.clear('a');
    expect(sightings.add('a').count).toBe(1);
    clock.advance(120_001);
    expect(sightings.add('a')).toEqual({ count: 1, since: 121_001 });
  });
});
