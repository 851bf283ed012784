import { notOpenInference } from '../envelope/envelope.errors.js';
import type { Datatype, Element } from './datatypes.js';

const LENGTH_BYTES = 4;

/** Elements one behind the other, little-endian, without padding. */
export function packElements({ size, write }: Datatype, elements: readonly Element[]): Buffer {
  const bytes = Buffer.alloc(size * elements.length);
  const view = viewOf(bytes);
  elements.forEach((element, index) => write(view, index * size, element));
  return bytes;
}

/** Of BYTES each element has its length before it. */
export function packBytes(elements: readonly Buffer[]): Buffer {
  const parts = elements.flatMap((element) => {
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32LE(element.length);
    return [length, element];
  });
  return Buffer.concat(parts);
}

/** @throws DomainError 502 `upstream_protocol_error` */
export function unpackBytes(raw: Buffer): Buffer[] {
  const elements: Buffer[] = [];
  for (let at = 0; at < raw.length;) {
    const end = at + LENGTH_BYTES <= raw.length ? at + LENGTH_BYTES + raw.readUInt32LE(at) : Infinity;
    if (end > raw.length) throw notOpenInference();
    elements.push(raw.subarray(at + LENGTH_BYTES, end));
    at = end;
  }
  return elements;
}

/** Not copied: the bytes are where they were received, at whatever offset. */
export function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
