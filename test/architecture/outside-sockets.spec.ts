import { describe, expect, it } from 'vitest';
import { readSources } from './source-tree.js';

/** The only places that may open a connection to the outside. */
const DOORS = [
  /^src\/egress\//,
  /^src\/proxy\/upstream\.client\.ts$/,
  /^src\/proxy\/protocols\/open-inference\/grpc\/grpc-channels\.ts$/,
  /^src\/providers\/provider-http\.ts$/,
];
/** Programs and simulators are no part of the service. */
const OTHER_PROGRAMS = [/^src\/cli\//, /^src\/sandbox\//, /^src\/demo/];

const OPENS_SOCKETS = [
  /from 'undici'/,
  /import \{[^}]*\bClient\b[^}]*\} from '@grpc\/grpc-js'/,
  /(?:await|return|=>|=) fetch\(/,
  /import \{[^}]*\b(?:request|get|connect|createConnection|Socket)\b[^}]*\} from 'node:(?:http|https|net|tls)'/,
  /import (?:\* as )?\w+ from 'node:(?:http|https|net|tls)'/,
];

describe('connections to the outside', () => {
  it('are opened in the named doors only', () => {
    const wrong = readSources()
      .filter(({ path }) => ![...DOORS, ...OTHER_PROGRAMS].some((door) => door.test(path)))
      .filter(({ text }) => OPENS_SOCKETS.some((pattern) => pattern.test(withoutTypeImports(text))))
      .map(({ path }) => path);
    expect(wrong).toEqual([]);
  });

  it('always verify certificates, apart from the DB_SSLMODE that says otherwise', () => {
    const wrong = readSources()
      .filter(({ text }) => /rejectUnauthorized:\s*false/.test(text))
      .map(({ path }) => path);
    expect(wrong.filter((path) => path !== 'src/database/postgres/postgres-options.ts')).toEqual([]);
  });
});

const withoutTypeImports = (text: string): string => text.replaceAll(/^import type .*$/gm, '');
