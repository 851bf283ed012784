import { expect } from 'vitest';

/** Objects whose keys are data: only the shape of their values is compared. */
const DICTIONARIES = new Set([
  'ports',
  'label_counts',
  'env_variables',
  'container_config.env_variables',
  'metadata',
]);

/**
 * Fails unless `actual` has the keys and types of `expected`, all the way down. `null` stands for any type; of an
 * array every element is compared with the expected array's first.
 */
export function expectSameShape(actual: unknown, expected: unknown, path = 'body'): void {
  if (actual === null || expected === null) return;
  expect(`${path}: ${kindOf(actual)}`).toBe(`${path}: ${kindOf(expected)}`);
  if (Array.isArray(actual) && Array.isArray(expected)) {
    if (expected.length > 0)
      actual.forEach((item, index) => expectSameShape(item, expected[0], `${path}[${index}]`));
    return;
  }
  if (typeof actual === 'object') compareFields(actual as Fields, expected as Fields, path);
}

type Fields = Record<string, unknown>;

function compareFields(actual: Fields, expected: Fields, path: string): void {
  if (DICTIONARIES.has(path.split('.').at(-1) ?? '')) return;
  expect({ [path]: Object.keys(actual).toSorted() }).toEqual({ [path]: Object.keys(expected).toSorted() });
  for (const key of Object.keys(expected)) expectSameShape(actual[key], expected[key], `${path}.${key}`);
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value;
}
