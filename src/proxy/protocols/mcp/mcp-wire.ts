/**
 * What goes over the wire of MCP as a client speaks it. Sources: revision 2026-07-28, basic/index, basic/versioning and
 * basic/transports/streamable-http; revision 2025-11-25, basic/transports. A test compares the names with those of the
 * official package.
 */
export const MODERN_VERSION = '2026-07-28';
/** The newest revision that begins with a handshake. */
export const LEGACY_VERSION = '2025-11-25';

export const META_PROTOCOL_VERSION = 'io.modelcontextprotocol/protocolVersion';
export const META_CLIENT_INFO = 'io.modelcontextprotocol/clientInfo';
export const META_CLIENT_CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';

export const METHOD_NOT_FOUND = -32_601;
export const HEADER_MISMATCH = -32_020;
export const UNSUPPORTED_VERSION = -32_022;

/** How we introduce ourselves; the version is that of this client, not of the product. */
export const CLIENT_INFO = { name: 'gpuproxy', version: '1' } as const;

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
