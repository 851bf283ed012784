// Prints `scenario check STATUS` for every check in a folder of the conformance suite's results.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
const lines = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('checks.json'))
  .flatMap((name) => {
    // server-<scenario>-<time of the run>/checks.json
    const scenario = name.replace(/-\d{4}-\d{2}-\d{2}T.*$/, '');
    const checks = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    return checks.map(({ id, status }) => `${scenario} ${id} ${status}`);
  });
process.stdout.write(`${lines.toSorted().join('\n')}\n`);
