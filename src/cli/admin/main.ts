import { text } from 'node:stream/consumers';
import { config as readDotenv } from 'dotenv';
import { Logger, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DomainError } from '../../common/domain-error.js';
import { createLogger, NestPinoLogger } from '../../common/logger.js';
import type { AppConfig } from '../../config/config.js';
import { ConfigError, loadConfig } from '../../config/load-config.js';
import { parseFlags, UsageError } from '../flags.js';
import type { Program, ProgramIo } from '../run-program.js';
import { AdminCliModule } from './admin-cli.module.js';
import type { AdminCommand } from './command.js';
import { ADMIN_COMMANDS } from './commands/index.js';
import { ADMIN_FLAGS } from './flags.js';
import { AdminOutput } from './output.js';
import { helpLines, PROGRAM, signature, unknownCommandText } from './usage-text.js';

const EXIT = { ok: 0, refused: 1, usage: 2 } as const;

/** The admin program: finds the command, runs it on the database, answers the exit status. */
export const main: Program = async (argv, io) => {
  try {
    return await perform(argv, io);
  } catch (error) {
    return report(error, io.stderr);
  }
};

async function perform(argv: readonly string[], io: ProgramIo): Promise<number> {
  const { flags, positionals } = parseFlags(argv, ADMIN_FLAGS);
  if (flags.help || positionals.length === 0 || positionals[0] === 'help') {
    const isAsked = flags.help || positionals[0] === 'help';
    (isAsked ? io.stdout : io.stderr).write(`${helpLines(ADMIN_COMMANDS).join('\n')}\n`);
    return isAsked ? EXIT.ok : EXIT.usage;
  }
  const { command, args } = findCommand(positionals);
  readDotenv({ quiet: true, processEnv: io.env as Record<string, string> });
  const config = readConfig(command, io, flags.dv);
  return runCommand(command, { args, config, io, isJson: flags.json, isDebug: flags.dm });
}

/** The secret matters only where keys are made; there the developer's file serves when nothing else is set. */
function readConfig(command: AdminCommand, io: ProgramIo, isDeveloper: boolean): AppConfig {
  const { env } = io;
  const hasSecret = Boolean(
    env.JWT_SECRET ?? env.JWT_SECRET_FILE ?? env.API_KEY_PEPPER ?? env.API_KEY_PEPPER_FILE,
  );
  const usesSecretFile = command.needsSecret === true && !hasSecret;
  return loadConfig(env, { isDeveloper: isDeveloper || usesSecretFile, needsSecret: false });
}

function findCommand(words: readonly string[]): { command: AdminCommand; args: string[] } {
  for (const command of ADMIN_COMMANDS) {
    const names = command.name.split(' ');
    if (!names.every((name, index) => words[index] === name)) continue;
    const args = words.slice(names.length);
    const fewest = command.arguments.filter((argument) => !argument.startsWith('[')).length;
    if (args.length >= fewest && args.length <= command.arguments.length) return { command, args };
    throw new UsageError(`use: ${PROGRAM} ${signature(command)}`);
  }
  throw new UsageError(unknownCommandText(words, ADMIN_COMMANDS));
}

interface Run {
  args: readonly string[];
  config: AppConfig;
  io: ProgramIo;
  isJson: boolean;
  isDebug: boolean;
}

async function runCommand(
  command: AdminCommand,
  { args, config, io, isJson, isDebug }: Run,
): Promise<number> {
  const logger = new NestPinoLogger(createLogger(isDebug ? 'debug' : 'error', process.stderr));
  Logger.overrideLogger(logger);
  let app: INestApplicationContext | undefined;
  const open = async (): Promise<INestApplicationContext> =>
    (app ??= await NestFactory.createApplicationContext(AdminCliModule.forRoot(config), {
      logger,
      abortOnError: false,
    }));
  try {
    const output = new AdminOutput(io, isJson);
    const readInput = (): Promise<string> => text(io.stdin ?? process.stdin);
    const isGood = await command.run({ args, config, output, readInput, open });
    return isGood === false ? EXIT.refused : EXIT.ok;
  } finally {
    await app?.close();
  }
}

function report(error: unknown, stderr: NodeJS.WritableStream): number {
  if (error instanceof UsageError || error instanceof ConfigError) {
    stderr.write(`error: ${error.message}\nMore: ${PROGRAM} help\n`);
    return EXIT.usage;
  }
  if (!(error instanceof DomainError)) throw error;
  stderr.write(`error (${error.code}): ${error.detail}\n`);
  error.errors?.forEach(({ field, message }) => stderr.write(`  ${field}: ${message}\n`));
  return EXIT.refused;
}
