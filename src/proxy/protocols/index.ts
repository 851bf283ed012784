import { HttpProtocol, HttpsProtocol } from './http.protocol.js';
import { McpProtocol } from './mcp/mcp.protocol.js';
import { OpenInferenceProtocol } from './open-inference/envelope/open-inference.protocol.js';

export const PROTOCOL_HANDLERS = Symbol('PROTOCOL_HANDLERS');

/** Every protocol that POST gpu/proxy speaks, by the name it goes by there. */
const FAMILY = {
  http: HttpProtocol,
  https: HttpsProtocol,
  mcp: McpProtocol,
  openinference: OpenInferenceProtocol,
};

export const PROTOCOLS = Object.values(FAMILY);
export const PROTOCOL_NAMES = Object.keys(FAMILY);
