import { describe, expect, it } from 'vitest';
import { renderEnvExample } from '../../src/config/env-example.js';
import { read } from './source-tree.js';

describe('.env.example', () => {
  it('lists every variable of the configuration class with its default and comment', () => {
    expect(read('.env.example'), 'run `npm run env-example` to write it anew').toBe(renderEnvExample());
  });
});
