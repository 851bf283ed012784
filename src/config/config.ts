import type { CryptoNetwork } from './crypto-network.js';
import type { StaticMachine } from './static-machine.js';

export type DatabaseConfig =
  | { type: 'sqlite'; file: string }
  | {
      type: 'postgres';
      host: string;
      port: number;
      user: string;
      password?: string;
      name: string;
      sslMode: 'disable' | 'require' | 'verify-full';
      maxConnections: number;
    };

export interface RedisConfig {
  host: string;
  port: number;
  password?: string;
  database: number;
}

/** Where logins are kept. */
export type SessionMode = 'sql' | 'redis' | 'balanced';

export interface FarmConfig {
  /** Undefined = the farm is not configured. */
  apiKey?: string;
  apiUrl: string;
}

export interface CryptoConfig {
  isEnabled: boolean;
  networks: readonly CryptoNetwork[];
  /** Extended public key whose children are the deposit addresses; empty when unset. */
  xpub: string;
  pollIntervalMs: number;
  invoiceTtlMs: number;
}

export interface PaymentsConfig {
  stripe: {
    /** Undefined = payments through Stripe are not set up. */
    secretKey?: string;
    isLive: boolean;
    apiUrl: string;
    /** Any of them may have signed a call-back. */
    webhookSecrets: readonly string[];
  };
  afterDark: {
    apiUrl?: string;
    apiKey?: string;
    webhookSecrets: readonly string[];
    /** Path of the question how a transaction stands, with `{id}`. */
    statusPath?: string;
    /** Believe the answer to the order itself. */
    isSyncTrusted: boolean;
    amountFormat: 'number' | 'string';
  };
}

/** The validated settings, read once at start and injected wherever they are needed. Durations in ms, money in micro-credits. */
export class AppConfig {
  mode: { isDeveloper: boolean; isDebug: boolean; nodeEnv: 'development' | 'production' | 'test' };
  server: {
    host: string;
    port: number;
    publicUrl?: string;
    corsOrigins: readonly string[];
    trustedProxies: readonly string[];
    docsPublic: boolean;
    drainDelayMs: number;
    drainTimeoutMs: number;
    /** Of either plane. */
    maxConcurrentRequests: number;
  };
  database: DatabaseConfig;
  databaseAutoMigrate: boolean;
  /** Undefined = there is no Redis. */
  redis?: RedisConfig;
  /** `isReduced`: another mode was wanted, and there is no Redis for it. */
  sessions: { mode: SessionMode; isReduced: boolean };
  auth: {
    jwtSecret: string;
    jwtSecretsPrevious: readonly string[];
    jwtExpirationMs: number;
    refreshExpirationMs: number;
    apiKeyPepper: string;
    passwordMinLength: number;
    /** A sign-up says nothing of whether there is an account with the address. */
    isRegistrationSilent: boolean;
    registerLimitPerHour: number;
    loginMaxFailures: number;
    loginLimitPer15Minutes: number;
  };
  streaming: {
    maxMessageBytes: number;
    /** The channel `market` is open to everybody. */
    isMarketPublic: boolean;
  };
  /** Key material of the secret box. */
  encryptionKey: string;
  /** Older ones, which only open. */
  encryptionKeysPrevious: readonly string[];
  privacy: {
    eraseDelayMs: number;
    sessionRetentionMs: number;
    personalRetentionMs: number;
    callbackRetentionMs: number;
  };
  metrics: {
    token?: string;
    /** On loopback, without a token. */
    port?: number;
  };
  logs: {
    /** One of so many good requests of the data plane; 0 = none. */
    requestSample: number;
  };
  limits: { controlPerMinute: number; proxyPerMinute: number };
  providers: {
    vastAi: FarmConfig;
    ioNet: FarmConfig;
    staticMachines: readonly StaticMachine[];
    apiTimeoutMs: number;
    /** Scale of the farms' minimum intervals. */
    rateScale: number;
    sandbox: { isEnabled: boolean; timeScale: number };
  };
  gpu: {
    defaultImage: string;
    pollIntervalMs: number;
    bootTimeoutMs: number;
    serviceBootTimeoutMs: number;
    reserveTimeoutMs: number;
    reserveReplacements: number;
  };
  loadBalancer: {
    enabled: boolean;
    strategy: string;
    healthIntervalMs: number;
    ejectAfter: number;
    ejectTimeMs: number;
    maxEjectedPercent: number;
    slowStartMs: number;
  };
  proxy: {
    maxBodyBytes: number;
    firstByteTimeoutMs: number;
    idleTimeoutMs: number;
    openTargets: boolean;
    targets: readonly string[];
    allowPrivateCidrs: readonly string[];
  };
  billing: {
    signupCreditsMicro: number;
    markupPercent: number;
    tickMs: number;
    runwayMs: number;
    warnMs: number;
    requestPriceMicro: number;
    /** Micro-credits per 1,000 tokens = nano-credits per token. */
    tokenPriceNano: number;
    /** Of a request's or a tunnel's time. */
    secondPriceMicro: number;
    /** Lease of credits held for requests, renewed by the process that spends them. */
    holdTtlMs: number;
  };
  crypto: CryptoConfig;
  payments: PaymentsConfig;
}
