import type { LoggerService } from '@nestjs/common';
import { pino, stdTimeFunctions, type DestinationStream, type Logger as PinoLogger } from 'pino';
import { listedFields, loggedError } from './log-fields.js';

/** Headers and fields that never reach a log line, in any mode. */
const REDACTED_PATHS = [
  'authorization',
  'cookie',
  'password',
  'token',
  'secret',
  'api_key',
  'apiKey',
  'client_secret',
  '["x-api-key"]',
  '["x-preferred-payment"]',
  '["set-cookie"]',
  '["stripe-signature"]',
].flatMap((path) =>
  path.startsWith('[') ? [path, `*${path}`, `*.*${path}`] : [path, `*.${path}`, `*.*.${path}`],
);

/** Shapes of secrets that may hide inside free text: our keys, payment keys, JWTs. */
const SECRET_SHAPES = /\b(?:gpx_(?:live|test)_\w+|sk_(?:live|test)_\w+|whsec_\w+|eyJ[\w-]+\.[\w-]+\.[\w-]+)/g;

/** 13 to 19 digits with optional separators: looked at again with the Luhn sum before it is hidden. */
const DIGIT_RUN = /\b\d(?:[ -]?\d){12,18}\b/g;

/** Hides secrets and card numbers in a finished line; the last door before the output. */
export function scrubSecrets(line: string): string {
  return line
    .replace(SECRET_SHAPES, '[redacted]')
    .replace(DIGIT_RUN, (run) => (passesLuhn(run) ? '[redacted]' : run));
}

function passesLuhn(run: string): boolean {
  const digits = run.replace(/\D/g, '').split('').map(Number).toReversed();
  const sum = digits.reduce((total, digit, index) => {
    const doubled = index % 2 ? digit * 2 : digit;
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** JSON lines on standard output with redaction; `-dv` and `-dm` change the level, never what is redacted. */
export function createLogger(level: LogLevel, output: DestinationStream = process.stdout): PinoLogger {
  const scrubbing: DestinationStream = { write: (line) => output.write(scrubSecrets(line)) };
  // Times as text: a count of milliseconds has 13 digits and would now and then pass for a card number.
  const timestamp = stdTimeFunctions.isoTime;
  const redact = { paths: REDACTED_PATHS, censor: '[redacted]' };
  const serializers = { err: (err: unknown) => (err instanceof Error ? loggedError(err) : err) };
  return pino({ level, base: undefined, timestamp, redact, serializers }, scrubbing);
}

/** Nest tells of every module and route at the start; that is for debugging. */
const FRAMEWORK_CONTEXTS = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

type PinoMethod = 'info' | 'error' | 'warn' | 'debug' | 'trace';

/** Lets Nest's `Logger` (in services and in the framework) write through pino. */
export class NestPinoLogger implements LoggerService {
  constructor(private readonly pinoLogger: PinoLogger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write('info', message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  /** Nest passes the context as the last argument; the error method may put a stack before it. */
  private write(level: PinoMethod, message: unknown, rest: unknown[]): void {
    const context = rest.at(-1);
    const method = level === 'info' && FRAMEWORK_CONTEXTS.has(String(context)) ? 'debug' : level;
    const stack = rest.length > 1 ? rest[0] : undefined;
    const fields = fieldsOf(message);
    this.pinoLogger[method](listedFields({ context, ...fields, ...(stack ? { stack } : {}) }));
  }
}

function fieldsOf(message: unknown): object {
  if (message instanceof Error) return { msg: message.message, err: message };
  return typeof message === 'object' && message !== null ? message : { msg: String(message) };
}
