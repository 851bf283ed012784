import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import pc from 'picocolors';
import { main as client } from './cli/client/main.js';
import { createLogger, NestPinoLogger } from './common/logger.js';
import { loadConfig } from './config/load-config.js';
import { startDaemon, type Daemon } from './daemon.js';

const EMAIL = 'demo@example.com';
const PASSWORD = 'correct horse battery staple';
const POOL = 'demo';
const PREFERRED_PORT = 8080;
const READY_TIMEOUT_MS = 120_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const title = (text: string): void => say(`\n${pc.bold(pc.cyan(text))}`);

/** Runs the client program as a person would, against the demo's server. */
class Terminal {
  constructor(
    private readonly url: string,
    public apiKey = '',
  ) {}

  /** Shows the command line, then what it prints. */
  async show(...words: string[]): Promise<void> {
    say(pc.dim(`$ aiserve-gpuproxy-client ${words.map(quoted).join(' ')}`));
    await this.run(words, process.stdout);
  }

  /** The answer as the API gave it. */
  async read<T>(...words: string[]): Promise<T> {
    let text = '';
    const collector = new Writable({
      write(chunk, _encoding, done) {
        text += String(chunk);
        done();
      },
    });
    await this.run(['-json', ...words], collector);
    return JSON.parse(text) as T;
  }

  private async run(words: string[], stdout: NodeJS.WritableStream): Promise<void> {
    const env = { ...process.env, GPUPROXY_API_URL: this.url, GPUPROXY_API_KEY: this.apiKey };
    const status = await client(words, { stdout, stderr: process.stderr, env });
    if (status !== 0) throw new Error(`\`${words.join(' ')}\` ended with status ${status}`);
  }
}

const quoted = (word: string): string =>
  /^[\w./:@=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

interface Reserved {
  reservation_id: string;
  reserved: { rental_id: string; price: number }[];
}
interface Rentals {
  rentals: { id: string; serving: boolean; state: string; reason: string | null }[];
}
interface Offers {
  instances: { id: string; provider: string }[];
}

async function demo(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'gpuproxy-demo-'));
  const daemon = await startDemoDaemon(folder);
  endOnSignals(daemon, folder);
  const terminal = new Terminal(daemon.url);
  await signUp(terminal);
  await shop(terminal);
  const reservation = await reserve(terminal);
  await useThePool(terminal);
  await giveBack(terminal, reservation, daemon);
  await keepOne(terminal);
  farewell(daemon.url, terminal.apiKey);
}

async function startDemoDaemon(folder: string): Promise<Daemon> {
  title('Starting GPU Proxy on SQLite, with vast.ai and io.net simulated on this machine');
  Logger.overrideLogger(new NestPinoLogger(createLogger('error')));
  const port = (await isFree(PREFERRED_PORT)) ? PREFERRED_PORT : 0;
  const settings = {
    SERVER_HOST: '127.0.0.1',
    SERVER_PORT: String(port),
    DB_NAME: join(folder, 'gpuproxy.db'),
  };
  const daemon = await startDaemon(
    loadConfig({ ...settings, PROVIDER_SANDBOX: 'true' }, { isDeveloper: true }),
  );
  say(`listening on ${daemon.url}, developer mode: a new account has 100 credits (1 credit = 1 USD)`);
  return daemon;
}

async function signUp(terminal: Terminal): Promise<void> {
  title('1. An account and an API key');
  await terminal.show('register', EMAIL, PASSWORD, 'Demo User');
  const { tokens } = await terminal.read<{ tokens: { access_token: string } }>('login', EMAIL, PASSWORD);
  const created = await terminal.read<{ api_key: string; prefix: string }>(
    'create-key',
    '-token',
    tokens.access_token,
    'demo',
  );
  terminal.apiKey = created.api_key;
  say(`API key made: ${created.prefix}…`);
}

async function shop(terminal: Terminal): Promise<void> {
  title('2. What can be rented now, at both farms, cheapest first');
  await terminal.show('list', '-min-vram', '24', '-limit', '8');
}

async function reserve(terminal: Terminal): Promise<Reserved> {
  title('3. Four GPUs at once, each on a machine of its own, balanced as one pool');
  await terminal.show('lb-strategy', 'least_connections');
  await terminal.show('reserve', '4', '-min-vram', '24', '-pool', POOL);
  say('\nWaiting until they boot and their service answers …');
  const { reservations } = await terminal.read<{ reservations: Reserved[] }>('reservations');
  const [reserved] = reservations;
  await untilServing(terminal, reserved.reserved.length);
  await terminal.show('rentals');
  return reserved;
}

/** Boots take simulated minutes: real seconds. */
async function untilServing(terminal: Terminal, wanted: number): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const { rentals } = await terminal.read<Rentals>('rentals');
    if (rentals.filter(({ serving }) => serving).length >= wanted) return;
    await pause(500);
  }
  throw new Error(`fewer than ${wanted} GPUs served after ${READY_TIMEOUT_MS / 1000} s`);
}

async function useThePool(terminal: Terminal): Promise<void> {
  title('4. Inference through the pool, streamed as it is written');
  await terminal.show('chat', POOL, 'Why rent several small GPUs instead of a big one?');
  say('\nEight more requests, spread by the balancer:');
  const requests = Array.from({ length: 8 }, (_, index) =>
    terminal.read('chat', POOL, `Say the number ${index + 1}.`),
  );
  await Promise.allSettled(requests);
  title('5. The load on each GPU, and what it has cost');
  await terminal.show('load', 'server');
  await terminal.show('credits');
}

async function giveBack(terminal: Terminal, { reservation_id: id }: Reserved, daemon: Daemon): Promise<void> {
  title('6. Giving all of it back');
  await terminal.show('cancel', id);
  const left = await untilNothingIsRented(daemon);
  say(`contracts that the farms' own books still show: ${left}`);
  say(
    'vast.ai is paid by the second; io.net does not refund the first hour, so one GPU of it costs an hour.',
  );
  await terminal.show('credits');
}

async function untilNothingIsRented(daemon: Daemon): Promise<number> {
  const { sandbox } = daemon;
  const count = (): number =>
    (sandbox?.vastAi.control.books().active.length ?? 0) +
    (sandbox?.ioNet.control.books().active.length ?? 0);
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (count() > 0 && Date.now() < deadline) await pause(250);
  return count();
}

async function keepOne(terminal: Terminal): Promise<void> {
  title('7. One GPU stays up for you');
  const { instances } = await terminal.read<Offers>('list', 'vast.ai', '-min-vram', '24', '-limit', '1');
  await terminal.show('create', instances[0].provider, instances[0].id, '-pool', POOL);
  await untilServing(terminal, 1);
  say('it serves.');
}

function farewell(url: string, apiKey: string): void {
  say(`\nPress Ctrl-C to give it back and stop.\n`);
  say(`Ready: ${url}`);
  say(`API key: ${apiKey}`);
  const body = '{"model":"sandbox/tiny-llm","messages":[{"role":"user","content":"Hello"}],"stream":true}';
  say(
    `curl -N -H 'X-API-Key: ${apiKey}' -d '${body}' ${url}/api/v1/gpu/pools/${POOL}/proxy/v1/chat/completions`,
  );
}

function endOnSignals(daemon: Daemon, folder: string): void {
  let isEnding = false;
  const end = async (): Promise<void> => {
    if (isEnding) return process.exit(1);
    isEnding = true;
    await daemon.stop();
    await rm(folder, { recursive: true, force: true });
    process.exit(0);
  };
  process.on('SIGINT', () => void end());
  process.on('SIGTERM', () => void end());
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

demo().catch((error: unknown) => {
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`demo: ${text}\n`, () => process.exit(1));
});
