import { invalidArgs } from './vast.errors.js';

type Test = (value: unknown, bound: unknown) => boolean;

const isComparable = (value: unknown, bound: unknown): boolean =>
  value !== null && value !== undefined && typeof value === typeof bound;

const ordered =
  (test: (value: number, bound: number) => boolean): Test =>
  (value, bound) =>
    isComparable(value, bound) && test(value as number, bound as number);

const isMember: Test = (value, bound) => listOf(bound).includes(value);

/** vast.ai's filter operators; several on one column must all hold. */
const OPERATORS: Readonly<Record<string, Test>> = {
  eq: (value, bound) => value === bound,
  neq: (value, bound) => value !== bound,
  gt: ordered((value, bound) => value > bound),
  lt: ordered((value, bound) => value < bound),
  gte: ordered((value, bound) => value >= bound),
  lte: ordered((value, bound) => value <= bound),
  in: isMember,
  notin: (value, bound) => !isMember(value, bound),
};

/** Whether a value passes `{operator: bound, ...}`; an unknown operator is a 400. */
export function passes(value: unknown, conditions: unknown): boolean {
  if (typeof conditions !== 'object' || conditions === null)
    throw invalidArgs('a filter must be {operator: value}');
  return Object.entries(conditions).every(([operator, bound]) => {
    const test = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined;
    if (!test) throw invalidArgs(`unknown operator ${operator}`);
    return test(value, bound);
  });
}

function listOf(bound: unknown): unknown[] {
  if (!Array.isArray(bound)) throw invalidArgs('in and notin take a list');
  return bound;
}

/** Orders by one column: nulls last, numbers by size, everything else as text. */
export function compareValues(left: unknown, right: unknown): number {
  if (left === right) return 0;
  if (left === null || left === undefined) return 1;
  if (right === null || right === undefined) return -1;
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  return String(left) < String(right) ? -1 : 1;
}
