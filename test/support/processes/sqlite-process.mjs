// Another program on the same SQLite file, as the admin CLI is: plain sqlite3, nothing of ours.
// usage: node sqlite-process.mjs <file> <sql>...; a pause is written as `sleep <ms>`, `hold` waits to be killed.
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import sqlite3 from 'sqlite3';

const [file, ...steps] = process.argv.slice(2);
const database = new sqlite3.Database(file);
const execute = promisify(database.exec.bind(database));

await execute('PRAGMA busy_timeout = 10000');
for (const step of steps) {
  if (step === 'hold') {
    process.stdout.write('holding\n');
    await delay(600_000);
  } else if (step.startsWith('sleep ')) {
    await delay(Number(step.slice('sleep '.length)));
  } else {
    await execute(step);
  }
}
database.close();
