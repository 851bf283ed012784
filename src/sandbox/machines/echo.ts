import type { Exchange } from './exchange.js';
import { signatureOf } from './machine-identity.js';

/** Says what arrived, byte for byte, so that a caller can see what a proxy did to the request. */
export function echo(exchange: Exchange): void {
  const { method, url, headers, rawHeaders } = exchange.request;
  const text = exchange.body.toString('utf8');
  const isText = Buffer.from(text).equals(exchange.body);
  exchange.sendJson(200, {
    method,
    url,
    headers,
    raw_headers: rawHeaders,
    body: isText ? text : exchange.body.toString('base64'),
    body_encoding: isText ? 'utf-8' : 'base64',
    served_by: signatureOf(exchange.identity),
  });
}
