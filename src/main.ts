import { config as readDotenv } from 'dotenv';
import { Logger } from '@nestjs/common';
import { readDaemonCommandLine } from './cli/daemon-command-line.js';
import { createLogger, NestPinoLogger } from './common/logger.js';
import { loadConfig } from './config/load-config.js';
import type { AppConfig } from './config/config.js';
import { startDaemon, type Daemon } from './daemon.js';
import { describeFailure } from './start-failure.js';

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

/** The first signal drains; the second, or a failure while stopping, ends at once. */
function stopOnSignals(daemon: Daemon): void {
  let isStopping = false;
  const onSignal = (): void => {
    if (isStopping) process.exit(1);
    isStopping = true;
    daemon.stop().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

function fail(error: unknown): void {
  const { text, status } = describeFailure(error);
  // Into a pipe it is written later: an exit at once would lose the only word about what is wrong.
  process.stderr.write(`aiserve-gpuproxyd: ${text}\n`, () => process.exit(status));
}

main().catch(fail);
