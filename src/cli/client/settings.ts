import { MODE_FLAGS, UsageError, type FlagSpecs, type FlagValues } from '../flags.js';
import { productVersion } from '../../common/product-version.js';
import type { ProgramIo } from '../run-program.js';
import type { ApiSettings } from './api.js';
import type { Command } from './command.js';
import { Trace, type Detail } from './trace.js';

export const PROGRAM = 'aiserve-gpuproxy-client';
const DEFAULT_API_URL = 'http://localhost:8080';

/** Flags of every command. */
export const GLOBAL_FLAGS = {
  api: { kind: 'text', value: 'URL', help: `server (GPUPROXY_API_URL; default ${DEFAULT_API_URL})` },
  key: { kind: 'text', value: 'KEY', help: 'API key (GPUPROXY_API_KEY, which ps does not show)' },
  token: { kind: 'text', value: 'JWT', help: "a login's access token, instead of a key" },
  json: { kind: 'switch', help: "print the server's JSON" },
  dv: { ...MODE_FLAGS.dv, help: 'tell on standard error which requests are made' },
  dm: { ...MODE_FLAGS.dm, help: 'tell headers and bodies too, secrets hidden' },
  help: { kind: 'switch', aliases: ['h'], help: 'this text' },
} as const satisfies FlagSpecs;

export type GlobalFlags = FlagValues<typeof GLOBAL_FLAGS>;

/**
 * From flags and environment (a flag wins, an empty variable is unset) to the settings of the API.
 * @throws UsageError for an unusable address, or when the command's credentials are missing
 */
export function apiSettings(flags: GlobalFlags, io: ProgramIo, needs: Command['needs']): ApiSettings {
  const token = flags.token?.trim();
  const key = token ? undefined : (flags.key ?? io.env.GPUPROXY_API_KEY)?.trim();
  requireCredentials(needs, key, token);
  const secrets = [flags.key, io.env.GPUPROXY_API_KEY, token].filter(
    (text) => text !== undefined && text.length > 7,
  );
  return {
    baseUrl: readBaseUrl(flags.api || io.env.GPUPROXY_API_URL || DEFAULT_API_URL),
    credentials: needs === 'nothing' ? {} : headerOf(key, token),
    trace: new Trace(io.stderr, detailOf(flags), secrets as string[]),
    userAgent: `${PROGRAM}/${productVersion()}`,
    signal: io.signal,
  };
}

function requireCredentials(needs: Command['needs'], key?: string, token?: string): void {
  if (needs === 'token' && !token)
    throw new UsageError('this needs the token of a login: -token JWT (see: login EMAIL PASSWORD)');
  if (needs === 'key' && !key && !token)
    throw new UsageError('no API key: give -key KEY or set GPUPROXY_API_KEY');
  if (!/^[\x21-\x7e]*$/.test(`${key ?? ''}${token ?? ''}`))
    throw new UsageError('the key or token holds blanks or characters that no key has');
}

function headerOf(key?: string, token?: string): Record<string, string> {
  if (token) return { authorization: `Bearer ${token}` };
  return key ? { 'x-api-key': key } : {};
}

function readBaseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new UsageError(`-api needs a URL such as ${DEFAULT_API_URL}, not "${text}"`);
  if (url.username || url.password) throw new UsageError('-api must not hold a user or password');
  return url;
}

function detailOf(flags: GlobalFlags): Detail {
  if (flags.dm) return 'everything';
  return flags.dv ? 'requests' : 'none';
}
