import { expect, it } from 'vitest';
import { encodeHeaderValue } from './header-values.js';

/** The table of revision 2026-07-28, "Value Encoding", and its neighbours. */
it.each([
  ['us-west1', 'us-west1'],
  ['a b\tc', 'a b\tc'],
  ['Hello, 世界', '=?base64?SGVsbG8sIOS4lueVjA==?='],
  [' padded ', '=?base64?IHBhZGRlZCA=?='],
  ['line1\nline2', '=?base64?bGluZTEKbGluZTI=?='],
  ['=?base64?literal?=', '=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?='],
  ['=?base64?literal', '=?base64?literal'],
  ['', '=?base64??='],
  ['x\r\nX-Injected: 1', '=?base64?eA0KWC1JbmplY3RlZDogMQ==?='],
])('encodes %j as %j', (value, encoded) => {
  expect(encodeHeaderValue(value)).toBe(encoded);
});
