const FINAL_TEXT = 0x81;
const LENGTH_IN_16_BITS = 126;
const LENGTH_IN_64_BITS = 127;

/** A whole text message of a server as it stands on the wire: one unmasked frame (RFC 6455, section 5.2). */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(headLength(length) + length);
  frame[0] = FINAL_TEXT;
  frame.write(text, writeLength(frame, length));
  return frame;
}

function headLength(length: number): number {
  if (length < LENGTH_IN_16_BITS) return 2;
  return length <= 0xffff ? 4 : 10;
}

/** Returns where the text begins. */
function writeLength(frame: Buffer, length: number): number {
  if (length < LENGTH_IN_16_BITS) return frame.writeUInt8(length, 1);
  if (length <= 0xffff) return frame.writeUInt16BE(length, frame.writeUInt8(LENGTH_IN_16_BITS, 1));
  return frame.writeBigUInt64BE(BigInt(length), frame.writeUInt8(LENGTH_IN_64_BITS, 1));
}
