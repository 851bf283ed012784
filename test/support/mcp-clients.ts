import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

type Headers = Record<string, string>;

export interface OpenModernClient {
  client: ModernClient;
  transport: ModernTransport;
}

/** The official v2 client; `legacy` keeps it on 2025-11-25. */
export async function modernClient(
  url: string,
  headers: Headers = {},
  mode: 'auto' | 'legacy' = 'auto',
  capabilities = {},
): Promise<OpenModernClient> {
  const client = new ModernClient(
    { name: 'test', version: '1.0.0' },
    { versionNegotiation: { mode }, capabilities },
  );
  const transport = new ModernTransport(new URL(url), { requestInit: { headers } });
  await client.connect(transport);
  return { client, transport };
}

export interface OpenLegacyClient {
  client: LegacyClient;
  transport: LegacyTransport;
}

/** The official v1 client. */
export async function legacyClient(url: string, headers: Headers = {}): Promise<OpenLegacyClient> {
  const client = new LegacyClient({ name: 'test', version: '1.0.0' });
  const transport = new LegacyTransport(new URL(url), { requestInit: { headers } });
  await client.connect(transport);
  return { client, transport };
}
