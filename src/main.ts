import { config as readDotenv } from 'dotenv';
import { Logger } from '@nestjs/common';
import { readDaemonCommandLine } from './cli/daemon-command-line.js';
import { createLogger, NestPinoLogger } from './common/logger.js';
import { loadConfig } from './config/load-config.js';
import type { AppConfig } from './config/config.js';
import { startDaemon, type Daemon } from './daemon.js';
import { describeFailure } from './start-failure.js';

/** How long requests may go on in a process that has met an error nobody expected. */
const BUG_DRAIN_MS = 5000;

async function main(): Promise<void> {
  const command = readDaemonCommandLine(process.argv.slice(2));
  if ('text' in command) return void process.stdout.write(`${command.text}\n`);
  readDotenv({ quiet: true });
  const config = loadConfig(process.env, command);
  Logger.overrideLogger(new NestPinoLogger(createLogger(logLevel(config))));
  warnOfRisks(config);
  const daemon = await startDaemon(config);
  new Logger('Daemon').log(`listening on ${daemon.url}`);
  stopOnSignals(daemon);
  stopOnBugs(daemon);
}

function logLevel({ mode }: AppConfig): 'debug' | 'info' {
  return mode.isDebug ? 'debug' : 'info';
}

function warnOfRisks(config: AppConfig): void {
  const logger = new Logger('Daemon');
  if (config.mode.isDeveloper) logger.warn('developer mode: not for production');
  if (config.providers.sandbox.isEnabled) logger.warn('the GPU farms are simulated on this machine');
  const ranges = config.proxy.allowPrivateCidrs;
  if (ranges.length > 0) logger.warn({ msg: 'private ranges are open to every user', ranges });
}

/** The first signal drains, the second cuts what is left and settles it, the third ends at once. */
function stopOnSignals(daemon: Daemon): void {
  let signals = 0;
  const onSignal = (): void => {
    signals += 1;
    if (signals === 1) endBy(daemon.stop(), 0);
    else if (signals === 2) daemon.hurry();
    else process.exit(1);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

/**
 * After an error that nobody caught nothing is certain any more: what is under way may end, and then somebody else
 * starts this program anew.
 */
function stopOnBugs(daemon: Daemon): void {
  let isEnding = false;
  process.on('uncaughtException', (error) => {
    new Logger('Daemon').error({ msg: 'error that nobody caught, ending', err: error });
    if (isEnding) return;
    isEnding = true;
    endBy(daemon.stop(BUG_DRAIN_MS), 1);
  });
}

function endBy(stopping: Promise<boolean>, status: number): void {
  stopping.then(
    (isClean) => process.exit(isClean ? status : 1),
    (error: unknown) => fail(error),
  );
}

function fail(error: unknown): void {
  const { text, status } = describeFailure(error);
  // Into a pipe it is written later: an exit at once would lose the only word about what is wrong.
  process.stderr.write(`aiserve-gpuproxyd: ${text}\n`, () => process.exit(status));
}

main().catch(fail);
