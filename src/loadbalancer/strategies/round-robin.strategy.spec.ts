import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { addAll, newMember, newMembers, serve, serveMany } from '../../../test/support/balancing-members.js';
import { RoundRobinStrategy } from './round-robin.strategy.js';

// Properties try many cases; a busy machine needs more than the usual five seconds.
vi.setConfig({ testTimeout: 30_000 });

/** Remembers the turns since each member's last one, of those that have been there all the time. */
class TurnWatch {
  readonly present = new Set<string>();
  readonly unfair: { id: string; turnsOfOthers: Map<string, number> }[] = [];
  private readonly turnsSince = new Map<string, Map<string, number>>();

  joined(id: string): void {
    this.present.add(id);
  }

  left(id: string): void {
    this.present.delete(id);
    this.turnsSince.delete(id);
    this.turnsSince.forEach((turns) => turns.delete(id));
  }

  served(id: string): void {
    const turnsOfOthers = this.turnsSince.get(id) ?? new Map<string, number>();
    if ([...turnsOfOthers.values()].some((turns) => turns !== 1)) this.unfair.push({ id, turnsOfOthers });
    this.turnsSince.forEach((turns) => turns.has(id) && turns.set(id, (turns.get(id) ?? 0) + 1));
    const others = [...this.present].filter((other) => other !== id);
    this.turnsSince.set(id, new Map(others.map((other) => [other, 0])));
  }
}

describe('RoundRobinStrategy', () => {
  it('goes round in the order of joining', () => {
    const strategy = new RoundRobinStrategy();
    addAll(strategy, newMembers(3));
    expect(serveMany(strategy, 7)).toEqual(['m0', 'm1', 'm2', 'm0', 'm1', 'm2', 'm0']);
  });

  it('puts a newcomer at the end of the running round', () => {
    const strategy = new RoundRobinStrategy();
    addAll(strategy, newMembers(3));
    serve(strategy);
    strategy.add(newMember('new'));
    expect(serveMany(strategy, 8)).toEqual(['m1', 'm2', 'm0', 'new', 'm1', 'm2', 'm0', 'new']);
  });

  it('goes on with the next when a member leaves', () => {
    const strategy = new RoundRobinStrategy();
    const members = newMembers(4);
    addAll(strategy, members);
    serve(strategy);
    strategy.remove(members[1]);
    expect(serveMany(strategy, 6)).toEqual(['m2', 'm3', 'm0', 'm2', 'm3', 'm0']);
  });

  it('keeps the turn of a member that was excluded', () => {
    const strategy = new RoundRobinStrategy();
    addAll(strategy, newMembers(3));
    expect(serve(strategy, 0, new Set(['m0']))).toBe('m1');
    expect(serveMany(strategy, 3)).toEqual(['m0', 'm2', 'm1']);
  });

  it('gives everybody who stays exactly one turn between two turns of another, whoever comes and goes', () => {
    const event = fc.record({
      kind: fc.constantFrom('pick', 'pick', 'pick', 'add', 'remove'),
      index: fc.nat(7),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200, size: 'max' }), (events) => {
        const strategy = new RoundRobinStrategy();
        const members = newMembers(8);
        const watch = new TurnWatch();
        for (const { kind, index } of events) {
          const member = members[index];
          if (kind === 'add') {
            strategy.add(member);
            watch.joined(member.id);
          } else if (kind === 'remove') {
            strategy.remove(member);
            watch.left(member.id);
          } else if (watch.present.size > 0) watch.served(serve(strategy));
        }
        expect(watch.unfair).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
