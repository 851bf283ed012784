import {
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  IsUrl,
  Matches,
  Max,
  Min,
} from 'class-validator';
import { BooleanText, IsCidrList, IsDuration, NumberText } from './rules.js';
import { Variable } from './variable.js';

const BASE_URL = { require_tld: false, require_protocol: true, protocols: ['http', 'https'] };

/**
 * Every variable that the programs read: its rule, its default and what it means. `.env.example` is written from
 * this class and a test keeps both equal. An empty variable counts as unset; secrets may come as `NAME_FILE`.
 */
export class Environment {
  @Variable('Server', 'Address to listen on.')
  @IsString()
  SERVER_HOST = '0.0.0.0';

  @Variable('Server', 'Port to listen on; 0 takes a free one.')
  @NumberText()
  @IsInt()
  @Min(0)
  @Max(65535)
  SERVER_PORT = 8080;

  @Variable('Server', 'development, production or test.')
  @IsIn(['development', 'production', 'test'])
  NODE_ENV: 'development' | 'production' | 'test' = 'development';

  @Variable('Server', 'URL under which callers reach this server, for links in answers.')
  @IsOptional()
  @IsUrl(BASE_URL)
  PUBLIC_URL?: string;

  @Variable('Server', 'Origins that browsers may call from, comma list; * = any, without credentials.')
  @IsString()
  CORS_ORIGINS = '';

  @Variable('Server', 'Reverse proxies whose X-Forwarded-For is believed, comma list of ranges.')
  @IsCidrList()
  TRUSTED_PROXIES = '';

  @Variable('Server', 'Serve /docs and /docs-json to everybody.')
  @BooleanText()
  @IsBoolean()
  DOCS_PUBLIC = true;

  @Variable(
    'Server',
    'Between the first signal to stop and the closed door; unset: 5s in production, else 0s.',
  )
  @IsOptional()
  @IsDuration()
  DRAIN_DELAY?: string;

  @Variable('Server', 'How long requests in flight may go on after the door is closed.')
  @IsDuration()
  DRAIN_TIMEOUT = '60s';

  @Variable('Server', 'Requests under way at a time, on each plane; more are told to come again.')
  @NumberText()
  @IsInt()
  @Min(1)
  MAX_CONCURRENT_REQUESTS = 25_000;

  @Variable('Database', 'sqlite or postgres; unset: postgres when DB_HOST is given, else sqlite.')
  @IsOptional()
  @IsIn(['sqlite', 'postgres'])
  DB_TYPE?: 'sqlite' | 'postgres';

  @Variable('Database', 'PostgreSQL host.')
  @IsOptional()
  @IsString()
  DB_HOST?: string;

  @Variable('Database', 'PostgreSQL port.')
  @NumberText()
  @IsInt()
  @Min(1)
  @Max(65535)
  DB_PORT = 5432;

  @Variable('Database', 'PostgreSQL user.')
  @IsString()
  DB_USER = 'postgres';

  @Variable('Database', 'PostgreSQL password.', { isSecret: true })
  @IsOptional()
  @IsString()
  DB_PASSWORD?: string;

  @Variable('Database', 'Database name; for SQLite the file. Unset: gpuproxy, or gpuproxy.db.')
  @IsOptional()
  @IsString()
  DB_NAME?: string;

  @Variable('Database', 'PostgreSQL TLS: disable, require (no check of the certificate) or verify-full.')
  @IsIn(['disable', 'require', 'verify-full'])
  DB_SSLMODE: 'disable' | 'require' | 'verify-full' = 'disable';

  @Variable('Database', 'PostgreSQL connections per process.')
  @NumberText()
  @IsInt()
  @Min(2)
  @Max(1000)
  DB_MAX_CONNS = 25;

  @Variable('Database', 'The daemon brings the schema up to date when it starts.')
  @BooleanText()
  @IsBoolean()
  DB_AUTO_MIGRATE = true;

  @Variable('Redis', 'Redis host; unset: everything that Redis would share is kept in the process.')
  @IsOptional()
  @IsString()
  REDIS_HOST?: string;

  @Variable('Redis', 'Redis port.')
  @NumberText()
  @IsInt()
  @Min(1)
  @Max(65535)
  REDIS_PORT = 6379;

  @Variable('Redis', 'Redis password.', { isSecret: true })
  @IsOptional()
  @IsString()
  REDIS_PASSWORD?: string;

  @Variable('Redis', 'Redis database number.')
  @NumberText()
  @IsInt()
  @Min(0)
  @Max(65535)
  REDIS_DB = 0;

  @Variable(
    'Redis',
    'Where logins are kept: sql, redis (needs appendonly yes) or balanced (SQL is the truth, Redis the speed); unset: balanced with REDIS_HOST, else sql.',
  )
  @IsOptional()
  @IsIn(['sql', 'redis', 'balanced'])
  SESSION_MODE?: 'sql' | 'redis' | 'balanced';

  @Variable(
    'Identity',
    'Signs tokens: at least 32 random characters (openssl rand -base64 48). Developer mode makes one.',
    {
      isSecret: true,
    },
  )
  @IsOptional()
  @IsString()
  JWT_SECRET?: string;

  @Variable('Identity', 'Older secrets whose tokens are still accepted, comma list.', { isSecret: true })
  @IsString()
  JWT_SECRET_PREVIOUS = '';

  @Variable('Identity', 'Life of an access token.')
  @IsDuration()
  JWT_EXPIRATION = '15m';

  @Variable('Identity', 'A login that is not refreshed for this long has ended.')
  @IsDuration()
  REFRESH_EXPIRATION = '168h';

  @Variable('Identity', 'Keys the hashes of API keys; unset: derived from JWT_SECRET.', { isSecret: true })
  @IsOptional()
  @IsString()
  API_KEY_PEPPER?: string;

  @Variable('Identity', 'Encrypts what callers entrust to us; unset: derived from JWT_SECRET.', {
    isSecret: true,
  })
  @IsOptional()
  @IsString()
  ENCRYPTION_KEY?: string;

  @Variable('Identity', 'Older ENCRYPTION_KEYs that still open what they sealed, comma list.', {
    isSecret: true,
  })
  @IsString()
  ENCRYPTION_KEY_PREVIOUS = '';

  @Variable('Identity', 'Shortest password.')
  @NumberText()
  @IsInt()
  @Min(8)
  @Max(128)
  PASSWORD_MIN_LENGTH = 15;

  @Variable('Identity', 'Answer every sign-up alike: nobody learns which addresses have accounts.')
  @BooleanText()
  @IsBoolean()
  REGISTRATION_ENUM_SAFE = false;

  @Variable('Identity', 'Sign-ups per hour and address.')
  @NumberText()
  @IsInt()
  @Min(0)
  REGISTER_RATE_LIMIT_PER_HOUR = 20;

  @Variable('Identity', 'Wrong passwords in a row before an account waits.')
  @NumberText()
  @IsInt()
  @Min(1)
  LOGIN_MAX_FAILURES = 5;

  @Variable('Identity', 'Failed logins per 15 minutes and address.')
  @NumberText()
  @IsInt()
  @Min(0)
  LOGIN_RATE_LIMIT_PER_15M = 20;

  @Variable('Identity', 'Control-plane requests per minute and user; 0 = no limit.')
  @NumberText()
  @IsInt()
  @Min(0)
  RATE_LIMIT_PER_MINUTE = 100;

  @Variable('Identity', 'Proxied requests per minute and user; 0 = no limit.')
  @NumberText()
  @IsInt()
  @Min(0)
  PROXY_RATE_LIMIT_PER_MINUTE = 6000;

  @Variable('GPU farms', 'vast.ai API key.', { isSecret: true })
  @IsOptional()
  @IsString()
  VASTAI_API_KEY?: string;

  @Variable('GPU farms', 'vast.ai host, scheme://host[:port].')
  @IsUrl(BASE_URL)
  VASTAI_API_URL = 'https://console.vast.ai';

  @Variable('GPU farms', 'io.net API key.', { isSecret: true })
  @IsOptional()
  @IsString()
  IONET_API_KEY?: string;

  @Variable('GPU farms', 'io.net prefix, ending in /caas.')
  @IsUrl(BASE_URL)
  @Matches(/\/caas$/, { message: 'IONET_API_URL must end in /caas' })
  IONET_API_URL = 'https://api.io.solutions/enterprise/v1/io-cloud/caas';

  @Variable('GPU farms', 'Own machines: JSON [{name, url, gpu_model, gpu_count, vram_gb, price_per_hour}].')
  @IsString()
  STATIC_MACHINES = '[]';

  @Variable('GPU farms', 'Longest wait for one answer of a farm.')
  @IsDuration()
  GPU_API_TIMEOUT = '30s';

  @Variable(
    'GPU farms',
    "Scales the farms' minimum intervals: 1 = as documented, 0 = none; unset: 1, in the sandbox its time scale.",
  )
  @IsOptional()
  @NumberText()
  @IsNumber()
  @Min(0)
  @Max(100)
  PROVIDER_RATE_SCALE?: number;

  @Variable(
    'GPU farms',
    'Run simulated farms on this machine; unset: in developer mode when no farm has a key.',
  )
  @IsOptional()
  @BooleanText()
  @IsBoolean()
  PROVIDER_SANDBOX?: boolean;

  @Variable('GPU farms', 'Simulated seconds per real second.')
  @NumberText()
  @IsNumber()
  @Min(1)
  @Max(10_000)
  SANDBOX_TIME_SCALE = 60;

  @Variable('Rentals', 'Image when the request names none.')
  @IsString()
  GPU_DEFAULT_IMAGE = 'vllm/vllm-openai:latest';

  @Variable('Rentals', "How often the farms are asked about our contracts; the sandbox's default is 250ms.")
  @IsOptional()
  @IsDuration()
  GPU_POLL_INTERVAL?: string;

  @Variable('Rentals', 'From the contract to running with mapped ports.')
  @IsDuration()
  GPU_BOOT_TIMEOUT = '15m';

  @Variable('Rentals', 'From running to serving, when the request named a health path.')
  @IsDuration()
  SERVICE_BOOT_TIMEOUT = '30m';

  @Variable('Rentals', 'How long a reservation may take to get its contracts.')
  @IsDuration()
  RESERVE_TIMEOUT = '180s';

  @Variable('Rentals', 'Replacements for members of an atomic reservation that do not come up.')
  @NumberText()
  @IsInt()
  @Min(0)
  @Max(16)
  RESERVE_REPLACE = 2;

  @Variable('Load balancing', 'false: the oldest serving member, others only when it fails.')
  @BooleanText()
  @IsBoolean()
  LB_ENABLED = true;

  @Variable('Load balancing', 'Default of users who chose none.')
  @IsIn(['round_robin', 'equal_weighted', 'weighted_round_robin', 'least_connections', 'least_response_time'])
  LB_STRATEGY = 'round_robin';

  @Variable('Load balancing', 'Between two probes of a serving instance.')
  @IsDuration()
  LB_HEALTH_INTERVAL = '10s';

  @Variable('Load balancing', 'Failures in a row that eject an instance.')
  @NumberText()
  @IsInt()
  @Min(1)
  LB_EJECT_AFTER = 5;

  @Variable('Load balancing', 'First ejection; doubles up to 5m.')
  @IsDuration()
  LB_EJECT_TIME = '10s';

  @Variable('Load balancing', 'Largest share of a pool that may be ejected.')
  @NumberText()
  @IsInt()
  @Min(0)
  @Max(100)
  LB_MAX_EJECTED_PERCENT = 50;

  @Variable(
    'Load balancing',
    'Time in which an instance that joins others gets its whole weight (not round_robin, equal_weighted); 0 = at once.',
  )
  @IsDuration()
  LB_SLOW_START = '30s';

  @Variable('Proxy', 'Largest request body in bytes.')
  @NumberText()
  @IsInt()
  @Min(1024)
  PROXY_MAX_BODY = 67_108_864;

  @Variable('Proxy', 'Longest wait for the first byte of an answer.')
  @IsDuration()
  PROXY_FIRST_BYTE_TIMEOUT = '300s';

  @Variable('Proxy', 'Longest silence inside an answer.')
  @IsDuration()
  PROXY_IDLE_TIMEOUT = '120s';

  @Variable('Proxy', 'Public hosts may be target_url; unset: only in developer mode.')
  @IsOptional()
  @BooleanText()
  @IsBoolean()
  PROXY_OPEN_TARGETS?: boolean;

  @Variable('Proxy', 'Hosts that may always be target_url, comma list host[:port], *.example.com allowed.')
  @IsString()
  PROXY_TARGETS = '';

  @Variable('Proxy', 'Private ranges that may be reached, comma list; opens them to every user.')
  @IsCidrList()
  PROXY_ALLOW_PRIVATE_CIDRS = '';

  @Variable('Credits', 'Credits of a new account; unset: 100 in developer mode, else 0.')
  @IsOptional()
  @Matches(/^\d{1,9}(\.\d{1,6})?$/, { message: 'SIGNUP_CREDITS must be an amount such as 10 or 2.50' })
  SIGNUP_CREDITS?: string;

  @Variable('Credits', "Added to the farms' prices, in percent.")
  @NumberText()
  @IsNumber()
  @Min(0)
  @Max(1000)
  PRICE_MARKUP_PERCENT = 0;

  @Variable('Credits', 'How often running rentals are charged.')
  @IsDuration()
  BILLING_TICK = '60s';

  @Variable('Credits', 'Money that is always held ahead per rental.')
  @IsDuration()
  BILLING_RUNWAY = '5m';

  @Variable('Credits', 'Runway below which the owner is warned.')
  @IsDuration()
  BILLING_WARN = '10m';

  @Variable('Credits', 'What a proxied request costs, in credits.')
  @Matches(/^\d{1,6}(\.\d{1,6})?$/, { message: 'PRICE_PER_REQUEST must be an amount such as 0.001' })
  PRICE_PER_REQUEST = '0';

  @Variable('Credits', 'What 1,000 tokens cost, in and out together, in credits.')
  @Matches(/^\d{1,6}(\.\d{1,6})?$/, { message: 'PRICE_PER_1K_TOKENS must be an amount such as 0.002' })
  PRICE_PER_1K_TOKENS = '0';

  @Variable('Credits', 'What a second of a proxied request or tunnel costs, in credits.')
  @Matches(/^\d{1,6}(\.\d{1,6})?$/, { message: 'PRICE_PER_SECOND must be an amount such as 0.0001' })
  PRICE_PER_SECOND = '0';

  @Variable('Credits', 'How long credits that a vanished process held for requests stay held.')
  @IsDuration()
  HOLD_TTL = '2m';

  @Variable('Payments', 'Stripe secret key; test keys outside production, live keys in production.', {
    isSecret: true,
  })
  @IsOptional()
  @IsString()
  STRIPE_SECRET_KEY?: string;

  @Variable('Payments', "Secrets of Stripe's webhook end point, comma list: any of them may have signed.", {
    isSecret: true,
  })
  @IsString()
  STRIPE_WEBHOOK_SECRET = '';

  @Variable('Payments', 'Stripe host, scheme://host[:port].')
  @IsUrl(BASE_URL)
  STRIPE_API_URL = 'https://api.stripe.com';

  @Variable('Payments', 'Accept a Stripe test key in production.')
  @BooleanText()
  @IsBoolean()
  ALLOW_TEST_PAYMENTS = false;

  @Variable('Payments', 'AfterDark API, https://host[/path].')
  @IsOptional()
  @IsUrl(BASE_URL)
  AFTERDARK_API_URL?: string;

  @Variable('Payments', 'AfterDark API key.', { isSecret: true })
  @IsOptional()
  @IsString()
  AFTERDARK_API_KEY?: string;

  @Variable('Payments', "Secrets of AfterDark's call-backs, comma list: any of them may have signed.", {
    isSecret: true,
  })
  @IsString()
  AFTERDARK_WEBHOOK_SECRET = '';

  @Variable(
    'Payments',
    "Path below AFTERDARK_API_URL that tells a transaction's status, e.g. /transactions/{id}.",
  )
  @IsOptional()
  @Matches(/^\/[\w\-./]*\{id\}[\w\-./]*$/, { message: 'AFTERDARK_STATUS_PATH must be a path with {id}' })
  AFTERDARK_STATUS_PATH?: string;

  @Variable('Payments', "Give credits on AfterDark's answer to the order alone, without a signed call-back.")
  @BooleanText()
  @IsBoolean()
  AFTERDARK_TRUST_SYNC = false;

  @Variable('Payments', 'How the amount is sent to AfterDark: number (50) or string ("50.00").')
  @IsIn(['number', 'string'])
  AFTERDARK_AMOUNT_FORMAT: 'number' | 'string' = 'number';

  @Variable('Crypto', 'Take payments in crypto.')
  @BooleanText()
  @IsBoolean()
  CRYPTO_ENABLED = false;

  @Variable(
    'Crypto',
    'JSON [{name, chain_id, rpc_urls[], confirmations and/or finality: "finalized", min_deposit_usd?, tokens: [{address, symbol, decimals, kind: stablecoin|token|native, price_usd?}]}].',
    { isSecret: true },
  )
  @IsString()
  CRYPTO_NETWORKS = '[]';

  @Variable(
    'Crypto',
    "Extended public key of m/44'/60'/0'/0; every invoice gets the address of a child of its own.",
    { isSecret: true },
  )
  @IsOptional()
  @IsString()
  CRYPTO_XPUB?: string;

  @Variable('Crypto', 'How often the chains are read.')
  @IsDuration()
  CRYPTO_POLL_INTERVAL = '15s';

  @Variable('Crypto', 'How long an invoice is open; what comes later is credited, too.')
  @IsDuration()
  CRYPTO_INVOICE_TTL = '1h';

  @Variable('Streaming', 'Longest WebSocket message of a client, in bytes.')
  @NumberText()
  @IsInt()
  @Min(1024)
  WS_MAX_MESSAGE = 1_048_576;

  @Variable(
    'Streaming',
    'Show the market to WebSocket clients without credentials; unset: only in developer mode.',
  )
  @IsOptional()
  @BooleanText()
  @IsBoolean()
  WS_PUBLIC_MARKET?: boolean;

  @Variable('Privacy', 'A deleted account can be restored for so long; then it is erased for good.')
  @IsDuration()
  ACCOUNT_ERASE_DELAY = '168h';

  @Variable('Privacy', 'Logins are kept for so long after their end.')
  @IsDuration()
  SESSION_RETENTION = '720h';

  @Variable(
    'Privacy',
    'After so long addresses of callers are shortened, and those in the audit log become unreadable.',
  )
  @IsDuration()
  PERSONAL_RETENTION = '2160h';

  @Variable('Privacy', 'What payment processors sent in call-backs is kept for so long.')
  @IsDuration()
  CALLBACK_RETENTION = '2160h';

  @Variable('Operations', 'Opens /metrics to who sends it as a bearer token; unset: closed.', {
    isSecret: true,
  })
  @IsOptional()
  @IsString()
  METRICS_TOKEN?: string;

  @Variable('Operations', 'Serves /metrics without a token on this port of 127.0.0.1; 0 takes a free one.')
  @IsOptional()
  @NumberText()
  @IsInt()
  @Min(0)
  @Max(65535)
  METRICS_PORT?: number;

  @Variable(
    'Operations',
    'One of so many good requests of the data plane is logged (bad ones always are, up to 20 a second); 0 = none.',
  )
  @NumberText()
  @IsInt()
  @Min(0)
  REQUEST_LOG_SAMPLE = 100;
}
