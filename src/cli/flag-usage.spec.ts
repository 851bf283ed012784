import { describe, expect, it } from 'vitest';
import { flagUsage } from './flag-usage.js';
import { MODE_FLAGS } from './flags.js';

describe('flagUsage', () => {
  it('lists spellings, values and help in aligned columns', () => {
    const lines = flagUsage({
      key: { kind: 'text', value: 'KEY', help: 'API key' },
      help: { kind: 'switch', aliases: ['h'], help: 'this text' },
      H: { kind: 'list', value: 'HEADER', help: 'header' },
    });
    expect(lines).toEqual([
      '  -key KEY   API key',
      '  -help, -h  this text',
      '  -H HEADER  header (may be given many times)',
    ]);
  });

  it('shows the modes as the daemon documents them', () => {
    expect(flagUsage(MODE_FLAGS)[0]).toBe('  -dv, --developer-mode  developer mode');
  });
});
