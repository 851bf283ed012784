import * as official from '@modelcontextprotocol/client';
import { expect, it } from 'vitest';
import {
  LEGACY_VERSION,
  META_CLIENT_CAPABILITIES,
  META_CLIENT_INFO,
  META_PROTOCOL_VERSION,
  METHOD_NOT_FOUND,
  UNSUPPORTED_VERSION,
} from './mcp-wire.js';

it('calls everything as the official package does', () => {
  expect({
    LEGACY_VERSION,
    META_CLIENT_CAPABILITIES,
    META_CLIENT_INFO,
    META_PROTOCOL_VERSION,
    METHOD_NOT_FOUND,
    UNSUPPORTED_VERSION,
  }).toEqual({
    LEGACY_VERSION: official.LATEST_PROTOCOL_VERSION,
    META_CLIENT_CAPABILITIES: official.CLIENT_CAPABILITIES_META_KEY,
    META_CLIENT_INFO: official.CLIENT_INFO_META_KEY,
    META_PROTOCOL_VERSION: official.PROTOCOL_VERSION_META_KEY,
    METHOD_NOT_FOUND: official.METHOD_NOT_FOUND,
    UNSUPPORTED_VERSION: official.ProtocolErrorCode.UnsupportedProtocolVersion,
  });
});
