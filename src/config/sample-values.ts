/** Values printed in examples: never accepted as secrets in production, and treated as unset in developer mode. */
const SAMPLE_VALUES = new Set([
  'your-secure-random-string',
  'your-vast-api-key',
  'your-ionet-api-key',
  'your-io-net-api-key',
  'changeme',
  'change-me',
  'secret',
]);

export function isSampleValue(value: string | undefined): boolean {
  if (value === undefined) return false;
  const text = value.trim().toLowerCase();
  return SAMPLE_VALUES.has(text) || text.startsWith('changeme') || /^your[-_]/.test(text);
}
