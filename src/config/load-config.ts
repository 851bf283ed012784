import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { hkdfSync } from 'node:crypto';
import { microFromCredits } from '../common/money.js';
import { parseDurationMs } from '../common/duration.js';
import type { AppConfig, DatabaseConfig } from './config.js';
import { cryptoConfig, readCryptoNetworks } from './crypto-config.js';
import type { CryptoNetwork } from './crypto-network.js';
import { developerSecret } from './developer-secret.js';
import { Environment } from './env.dto.js';
import { readKnownVariables, type RawEnvironment } from './env-source.js';
import { paymentProblems, paymentsConfig } from './payments-config.js';
import { redisConfig, redisProblems, sessionsConfig } from './redis-config.js';
import { splitList } from './rules.js';
import { isSampleValue } from './sample-values.js';
import { parseStaticMachines, type StaticMachine } from './static-machine.js';

/** All that is wrong with the environment, named at once. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(
      `The configuration has ${problems.length} problem(s):\n${problems.map((line) => `  - ${line}`).join('\n')}`,
    );
    this.name = 'ConfigError';
  }
}

export interface ConfigFlags {
  isDeveloper?: boolean;
  isDebug?: boolean;
  /** The admin program works on the database alone and needs no signing secret. */
  needsSecret?: boolean;
}

const MIN_SECRET_LENGTH = 32;

/**
 * Turns environment variables into the configuration.
 * @throws ConfigError naming every variable that is wrong
 */
export function loadConfig(env: RawEnvironment, flags: ConfigFlags = {}): AppConfig {
  const { values, problems } = readKnownVariables(env);
  if (flags.isDeveloper) dropSampleFarmKeys(values);
  const environment = plainToInstance(Environment, values, { exposeDefaultValues: true });
  problems.push(...describeViolations(environment));
  const staticMachines = readStaticMachines(environment, problems);
  const cryptoNetworks = readCryptoNetworks(environment, problems);
  problems.push(...sampleSecrets(environment), ...paymentProblems(environment));
  problems.push(...redisProblems(environment));
  const database = databaseConfig(environment);
  const secret = signingSecret(environment, flags, database, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return buildConfig(environment, { flags, database, secret, staticMachines, cryptoNetworks });
}

const DROPPED_SAMPLES = [
  'VASTAI_API_KEY',
  'IONET_API_KEY',
  'JWT_SECRET',
  'STRIPE_SECRET_KEY',
  'STRIPE_WEBHOOK_SECRET',
  'AFTERDARK_API_KEY',
];

function dropSampleFarmKeys(values: Record<string, string>): void {
  for (const name of DROPPED_SAMPLES) {
    if (isSampleValue(values[name])) delete values[name];
  }
}

function describeViolations(environment: Environment): string[] {
  return validateSync(environment).map(({ property, constraints }) => {
    const text = Object.values(constraints ?? {}).join('; ');
    return text.includes(property) ? text : `${property}: ${text}`;
  });
}

function readStaticMachines(environment: Environment, problems: string[]): StaticMachine[] {
  try {
    return parseStaticMachines(environment.STATIC_MACHINES);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    problems.push(`STATIC_MACHINES: ${error.message}`);
    return [];
  }
}

function sampleSecrets({
  VASTAI_API_KEY,
  IONET_API_KEY,
  API_KEY_PEPPER,
  ENCRYPTION_KEY,
  METRICS_TOKEN,
}: Environment): string[] {
  return Object.entries({ VASTAI_API_KEY, IONET_API_KEY, API_KEY_PEPPER, ENCRYPTION_KEY, METRICS_TOKEN })
    .filter(([, value]) => isSampleValue(value))
    .map(([name]) => `${name} is a sample value`);
}

function databaseConfig(environment: Environment): DatabaseConfig {
  const type = environment.DB_TYPE ?? (environment.DB_HOST ? 'postgres' : 'sqlite');
  if (type === 'sqlite') return { type, file: environment.DB_NAME ?? 'gpuproxy.db' };
  return {
    type,
    host: environment.DB_HOST ?? 'localhost',
    port: environment.DB_PORT,
    user: environment.DB_USER,
    password: environment.DB_PASSWORD,
    name: environment.DB_NAME ?? 'gpuproxy',
    sslMode: environment.DB_SSLMODE,
    maxConnections: environment.DB_MAX_CONNS,
  };
}

/** Outside developer mode an unset, short or sample secret stops the start; developer mode keeps its own in a file. */
function signingSecret(
  environment: Environment,
  flags: ConfigFlags,
  database: DatabaseConfig,
  problems: string[],
): string {
  const { JWT_SECRET: secret } = environment;
  if (secret !== undefined && secret.length >= MIN_SECRET_LENGTH && !isSampleValue(secret)) return secret;
  if (flags.isDeveloper) return secret ?? developerSecret(database);
  if (flags.needsSecret === false) return '';
  problems.push(describeBadSecret(secret));
  return '';
}

function describeBadSecret(secret: string | undefined): string {
  const advice = 'set 32 random characters or more, e.g. from: openssl rand -base64 48';
  if (secret === undefined) return `JWT_SECRET is not set; ${advice}`;
  if (isSampleValue(secret)) return `JWT_SECRET is a sample value; ${advice}`;
  return `JWT_SECRET has ${secret.length} characters; ${advice}`;
}

interface Resolved {
  flags: ConfigFlags;
  database: DatabaseConfig;
  secret: string;
  staticMachines: readonly StaticMachine[];
  cryptoNetworks: readonly CryptoNetwork[];
}

function buildConfig(environment: Environment, resolved: Resolved): AppConfig {
  const isDeveloper = resolved.flags.isDeveloper ?? false;
  const isSandbox = isSandboxEnabled(environment, isDeveloper);
  return {
    mode: { isDeveloper, isDebug: resolved.flags.isDebug ?? false, nodeEnv: environment.NODE_ENV },
    server: serverConfig(environment),
    database: resolved.database,
    databaseAutoMigrate: environment.DB_AUTO_MIGRATE,
    redis: redisConfig(environment),
    sessions: sessionsConfig(environment),
    auth: authConfig(environment, resolved.secret),
    streaming: {
      maxMessageBytes: environment.WS_MAX_MESSAGE,
      isMarketPublic: environment.WS_PUBLIC_MARKET ?? isDeveloper,
    },
    ...encryptionKeys(environment, resolved.secret),
    privacy: {
      eraseDelayMs: parseDurationMs(environment.ACCOUNT_ERASE_DELAY),
      sessionRetentionMs: parseDurationMs(environment.SESSION_RETENTION),
      personalRetentionMs: parseDurationMs(environment.PERSONAL_RETENTION),
      callbackRetentionMs: parseDurationMs(environment.CALLBACK_RETENTION),
    },
    metrics: { token: environment.METRICS_TOKEN, port: environment.METRICS_PORT },
    logs: { requestSample: environment.REQUEST_LOG_SAMPLE },
    limits: {
      controlPerMinute: environment.RATE_LIMIT_PER_MINUTE,
      proxyPerMinute: environment.PROXY_RATE_LIMIT_PER_MINUTE,
    },
    providers: providersConfig(environment, resolved.staticMachines, isSandbox),
    gpu: gpuConfig(environment, isSandbox),
    loadBalancer: {
      enabled: environment.LB_ENABLED,
      strategy: environment.LB_STRATEGY,
      healthIntervalMs: parseDurationMs(environment.LB_HEALTH_INTERVAL),
      ejectAfter: environment.LB_EJECT_AFTER,
      ejectTimeMs: parseDurationMs(environment.LB_EJECT_TIME),
      maxEjectedPercent: environment.LB_MAX_EJECTED_PERCENT,
      slowStartMs: parseDurationMs(environment.LB_SLOW_START),
    },
    proxy: {
      maxBodyBytes: environment.PROXY_MAX_BODY,
      firstByteTimeoutMs: parseDurationMs(environment.PROXY_FIRST_BYTE_TIMEOUT),
      idleTimeoutMs: parseDurationMs(environment.PROXY_IDLE_TIMEOUT),
      openTargets: environment.PROXY_OPEN_TARGETS ?? isDeveloper,
      targets: splitList(environment.PROXY_TARGETS),
      allowPrivateCidrs: splitList(environment.PROXY_ALLOW_PRIVATE_CIDRS),
    },
    billing: {
      signupCreditsMicro: microFromCredits(environment.SIGNUP_CREDITS ?? (isDeveloper ? '100' : '0')),
      markupPercent: environment.PRICE_MARKUP_PERCENT,
      tickMs: parseDurationMs(environment.BILLING_TICK),
      runwayMs: parseDurationMs(environment.BILLING_RUNWAY),
      warnMs: parseDurationMs(environment.BILLING_WARN),
      requestPriceMicro: microFromCredits(environment.PRICE_PER_REQUEST),
      tokenPriceNano: microFromCredits(environment.PRICE_PER_1K_TOKENS),
      secondPriceMicro: microFromCredits(environment.PRICE_PER_SECOND),
      holdTtlMs: parseDurationMs(environment.HOLD_TTL),
    },
    payments: paymentsConfig(environment),
    crypto: cryptoConfig(environment, resolved.cryptoNetworks),
  };
}

function serverConfig(environment: Environment): AppConfig['server'] {
  return {
    host: environment.SERVER_HOST,
    port: environment.SERVER_PORT,
    publicUrl: environment.PUBLIC_URL,
    corsOrigins: splitList(environment.CORS_ORIGINS),
    trustedProxies: splitList(environment.TRUSTED_PROXIES),
    docsPublic: environment.DOCS_PUBLIC,
    drainDelayMs: parseDurationMs(
      environment.DRAIN_DELAY ?? (environment.NODE_ENV === 'production' ? '5s' : '0s'),
    ),
    drainTimeoutMs: parseDurationMs(environment.DRAIN_TIMEOUT),
    maxConcurrentRequests: environment.MAX_CONCURRENT_REQUESTS,
  };
}

function authConfig(environment: Environment, jwtSecret: string): AppConfig['auth'] {
  return {
    jwtSecret,
    jwtSecretsPrevious: splitList(environment.JWT_SECRET_PREVIOUS),
    jwtExpirationMs: parseDurationMs(environment.JWT_EXPIRATION),
    refreshExpirationMs: parseDurationMs(environment.REFRESH_EXPIRATION),
    apiKeyPepper: environment.API_KEY_PEPPER ?? deriveKey(jwtSecret, 'gpuproxy api key pepper'),
    passwordMinLength: environment.PASSWORD_MIN_LENGTH,
    isRegistrationSilent: environment.REGISTRATION_ENUM_SAFE,
    registerLimitPerHour: environment.REGISTER_RATE_LIMIT_PER_HOUR,
    loginMaxFailures: environment.LOGIN_MAX_FAILURES,
    loginLimitPer15Minutes: environment.LOGIN_RATE_LIMIT_PER_15M,
  };
}

/** Without ENCRYPTION_KEY the key follows JWT_SECRET: then JWT_SECRET_PREVIOUS names the older ones too. */
function encryptionKeys(
  { ENCRYPTION_KEY, ENCRYPTION_KEY_PREVIOUS, JWT_SECRET_PREVIOUS }: Environment,
  secret: string,
): Pick<AppConfig, 'encryptionKey' | 'encryptionKeysPrevious'> {
  const derived = [secret, ...splitList(JWT_SECRET_PREVIOUS)]
    .filter((text) => text !== '')
    .map((text) => deriveKey(text, 'gpuproxy encryption key'));
  const [encryptionKey = '', ...older] =
    ENCRYPTION_KEY === undefined ? derived : [ENCRYPTION_KEY, ...derived];
  return { encryptionKey, encryptionKeysPrevious: [...splitList(ENCRYPTION_KEY_PREVIOUS), ...older] };
}

/** Independent keys from one secret (HKDF), so that an operator has to keep only one. */
export function deriveKey(secret: string, purpose: string): string {
  return Buffer.from(hkdfSync('sha256', secret, '', purpose, 32)).toString('base64');
}

/** Simulated farms: asked for, or in developer mode when no farm has a key. */
function isSandboxEnabled(environment: Environment, isDeveloper: boolean): boolean {
  const hasNoKey = !environment.VASTAI_API_KEY && !environment.IONET_API_KEY;
  return environment.PROVIDER_SANDBOX ?? (isDeveloper && hasNoKey);
}

function providersConfig(
  environment: Environment,
  staticMachines: readonly StaticMachine[],
  isEnabled: boolean,
): AppConfig['providers'] {
  const timeScale = environment.SANDBOX_TIME_SCALE;
  return {
    vastAi: { apiKey: environment.VASTAI_API_KEY, apiUrl: environment.VASTAI_API_URL },
    ioNet: { apiKey: environment.IONET_API_KEY, apiUrl: environment.IONET_API_URL },
    staticMachines,
    apiTimeoutMs: parseDurationMs(environment.GPU_API_TIMEOUT),
    rateScale: environment.PROVIDER_RATE_SCALE ?? (isEnabled ? 1 / timeScale : 1),
    sandbox: { isEnabled, timeScale },
  };
}

function gpuConfig(environment: Environment, isSandbox: boolean): AppConfig['gpu'] {
  return {
    defaultImage: environment.GPU_DEFAULT_IMAGE,
    pollIntervalMs: parseDurationMs(environment.GPU_POLL_INTERVAL ?? (isSandbox ? '250ms' : '5s')),
    bootTimeoutMs: parseDurationMs(environment.GPU_BOOT_TIMEOUT),
    serviceBootTimeoutMs: parseDurationMs(environment.SERVICE_BOOT_TIMEOUT),
    reserveTimeoutMs: parseDurationMs(environment.RESERVE_TIMEOUT),
    reserveReplacements: environment.RESERVE_REPLACE,
  };
}
