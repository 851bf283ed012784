// Do the tests bite? Breaks one guard of money after the other in a copy of the source and sees the tests go red.
// usage: node test/soak/mutations.mjs [part of a name | from-to]…     ends with 1 when a mutant survives
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MUTANTS } from './mutants.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = ['src', 'test', 'migrations', 'package.json', 'tsconfig.json', 'vitest.config.ts'];

const wanted = process.argv.slice(2);
const isWanted = ({ name }, index) =>
  wanted.length === 0 ||
  wanted.some((word) => {
    const [, from, to] = /^(\d+)-(\d+)$/.exec(word) ?? [];
    return from === undefined ? name.includes(word) : index >= Number(from) && index <= Number(to);
  });

const copy = mkdtempSync(join(tmpdir(), 'mutants-'));
// PostgreSQL runs as somebody else and has to get at its programs.
chmodSync(copy, 0o755);
for (const path of COPIED) cpSync(join(root, path), join(copy, path), { recursive: true });
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));

/** The tests that failed; none = the mutant lives. */
function failedTests(tests) {
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const files = tests.map((name) => `test/database/${name}.spec.ts`);
  const options = ['--bail', '1', '--reporter', 'json', '--outputFile', report];
  spawnSync('npx', ['vitest', 'run', '--project', 'database', ...options, ...files], {
    cwd: copy,
    stdio: 'ignore',
  });
  const { testResults, numTotalTests } = JSON.parse(readFileSync(report, 'utf8'));
  if (numTotalTests === 0) throw new Error('no test has run');
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'failed');
  return [...failed.map(({ fullName }) => fullName), ...broken.map(({ name }) => `${name} does not load`)];
}

const survivors = [];
for (const [index, mutant] of MUTANTS.entries()) {
  const { name, file, find, replace, tests } = mutant;
  const path = join(copy, file);
  const source = readFileSync(path, 'utf8');
  if (source.split(find).length !== 2) throw new Error(`${name}: not once in ${file}: ${find}`);
  if (!isWanted(mutant, index)) continue;
  const begun = Date.now();
  writeFileSync(
    path,
    source.replace(find, () => replace),
  );
  const [killer] = failedTests(tests);
  writeFileSync(path, source);
  const verdict = killer === undefined ? 'SURVIVED' : `killed by "${killer}"`;
  process.stdout.write(`${index} ${name}: ${verdict} (${Math.round((Date.now() - begun) / 1000)} s)\n`);
  if (killer === undefined) survivors.push(name);
}
rmSync(copy, { recursive: true });
const summary =
  survivors.length === 0 ? 'no mutant survived' : `${survivors.length} survived: ${survivors.join('; ')}`;
process.stdout.write(`${summary}\n`);
process.exitCode = survivors.length === 0 ? 0 : 1;
