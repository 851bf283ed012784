import { config as readDotenv } from 'dotenv';
import { Logger } from '@nestjs/common';
import { MODE_FLAGS, parseFlags, UsageError } from './cli/flags.js';
import { createLogger, NestPinoLogger } from './common/logger.js';
import { ConfigError, loadConfig } from './config/load-config.js';
import type { AppConfig } from './config/config.js';
import { startDaemon, type Daemon } from './daemon.js';
import { SqliteFileInUse } from './database/sqlite/sqlite-file-lock.js';

/** Bad usage ends with 2, anything else that prevents the start with 1. */
async function main(): Promise<void> {
  const { flags } = parseFlags(process.argv.slice(2), MODE_FLAGS);
  readDotenv({ quiet: true });
  const config = loadConfig(process.env, { isDeveloper: flags.dv, isDebug: flags.dm });
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
  const isExpected =
    error instanceof UsageError || error instanceof ConfigError || error instanceof SqliteFileInUse;
  const text = isExpected
    ? error.message
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);
  const status = error instanceof UsageError ? 2 : 1;
  // Into a pipe it is written later: an exit at once would lose the only word about what is wrong.
  process.stderr.write(`aiserve-gpuproxyd: ${text}\n`, () => process.exit(status));
}

main().catch(fail);
