import { InstanceStats } from '../../src/loadbalancer/instance-stats.js';
import type {
  BalancingMember,
  BalancingStrategy,
} from '../../src/loadbalancer/strategies/balancing-strategy.js';

export interface TestMember extends BalancingMember {
  weight: number;
}

export const NOBODY: ReadonlySet<string> = new Set();

let serials = 0;

export function newMember(id: string, weight = 1): TestMember {
  return { id, serial: ++serials, weight, stats: new InstanceStats() };
}

export function newMembers(count: number, weightOf: (index: number) => number = () => 1): TestMember[] {
  return Array.from({ length: count }, (_, index) => newMember(`m${index}`, weightOf(index)));
}

/** Picks and opens a connection, as the balancer does; fails the test when there is nobody. */
export function take(strategy: BalancingStrategy, now = 0, exclude = NOBODY): BalancingMember {
  const member = strategy.pick(exclude);
  if (!member) throw new Error('nobody was picked');
  member.stats.opened(now);
  strategy.changed(member);
  return member;
}

export function giveBack(strategy: BalancingStrategy, member: BalancingMember): void {
  member.stats.closed();
  strategy.changed(member);
}

/** A request that has come and gone. */
export function serve(strategy: BalancingStrategy, now = 0, exclude = NOBODY): string {
  const member = take(strategy, now, exclude);
  giveBack(strategy, member);
  return member.id;
}

export function serveMany(strategy: BalancingStrategy, requests: number): string[] {
  return Array.from({ length: requests }, () => serve(strategy));
}

export function addAll(strategy: BalancingStrategy, members: readonly BalancingMember[]): void {
  members.forEach((member) => strategy.add(member));
}

export function countById(ids: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  ids.forEach((id) => counts.set(id, (counts.get(id) ?? 0) + 1));
  return counts;
}
