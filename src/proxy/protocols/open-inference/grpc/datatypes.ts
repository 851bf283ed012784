import { bfloat16Bits, bfloat16Of, float16Bits, float16Of, floatText, float32Text } from './floats.js';
import type { TensorContents } from './grpc-messages.js';

/** An element of a tensor as JSON has it; whole numbers beyond 2^53 are BigInt. */
export type Element = boolean | number | bigint | string;

/** How elements of one datatype travel. BYTES, whose elements have no fixed size, is a case of its own. */
export interface Datatype {
  /** Bytes of an element in raw contents, little-endian. */
  size: number;
  /** The field of typed contents; undefined = raw only. */
  field: Exclude<keyof TensorContents, 'bytes_contents'> | undefined;
  accepts(element: unknown): element is Element;
  /** What the typed field takes. */
  toField(element: Element): boolean | number | string;
  write(view: DataView, offset: number, element: Element): void;
  /** The element as JSON. */
  read(view: DataView, offset: number): string;
  /** A value of the typed field as JSON. */
  fromField(value: boolean | number | string): string;
}

type Write = (view: DataView, offset: number, value: number) => void;
type Read = (view: DataView, offset: number) => number;

const NOT_FINITE = new Set(['NaN', 'Infinity', '-Infinity']);

function whole(
  size: number,
  field: Datatype['field'],
  [least, most]: readonly [number, number],
  write: Write,
  read: Read,
): Datatype {
  return {
    size,
    field,
    accepts: (element): element is Element =>
      Number.isInteger(element) && (element as number) >= least && (element as number) <= most,
    toField: Number,
    write: (view, offset, element) => write(view, offset, Number(element)),
    read: (view, offset) => String(read(view, offset)),
    fromField: String,
  };
}

function long(field: Datatype['field'], isSigned: boolean): Datatype {
  const fits = (value: bigint): boolean =>
    value === (isSigned ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value));
  return {
    size: 8,
    field,
    accepts: (element): element is Element =>
      (Number.isInteger(element) || typeof element === 'bigint') && fits(BigInt(element as number | bigint)),
    toField: (element) => BigInt(element).toString(),
    write: (view, offset, element) =>
      isSigned
        ? view.setBigInt64(offset, BigInt(element), true)
        : view.setBigUint64(offset, BigInt(element), true),
    read: (view, offset) =>
      String(isSigned ? view.getBigInt64(offset, true) : view.getBigUint64(offset, true)),
    fromField: String,
  };
}

/** JSON has no words for what is not finite; they are texts then, as in the JSON mapping of protocol buffers. */
function float(size: number, field: Datatype['field'], write: Write, read: Read, text = floatText): Datatype {
  return {
    size,
    field,
    accepts: (element): element is Element =>
      typeof element === 'number' || typeof element === 'bigint' || NOT_FINITE.has(String(element)),
    toField: Number,
    write: (view, offset, element) => write(view, offset, Number(element)),
    read: (view, offset) => text(read(view, offset)),
    fromField: (value) => text(Number(value)),
  };
}

const BOOL: Datatype = {
  size: 1,
  field: 'bool_contents',
  accepts: (element): element is Element => typeof element === 'boolean',
  toField: (element) => element === true,
  write: (view, offset, element) => view.setUint8(offset, element === true ? 1 : 0),
  read: (view, offset) => String(view.getUint8(offset) !== 0),
  fromField: String,
};

/** The datatypes of the protocol but for BYTES; BF16 is an addition that servers have agreed on. */
export const DATATYPES: Readonly<Record<string, Datatype>> = {
  BOOL,
  INT8: whole(
    1,
    'int_contents',
    [-128, 127],
    (v, at, n) => v.setInt8(at, n),
    (v, at) => v.getInt8(at),
  ),
  INT16: whole(
    2,
    'int_contents',
    [-32_768, 32_767],
    (v, at, n) => v.setInt16(at, n, true),
    (v, at) => v.getInt16(at, true),
  ),
  INT32: whole(
    4,
    'int_contents',
    [-2_147_483_648, 2_147_483_647],
    (v, at, n) => v.setInt32(at, n, true),
    (v, at) => v.getInt32(at, true),
  ),
  INT64: long('int64_contents', true),
  UINT8: whole(
    1,
    'uint_contents',
    [0, 255],
    (v, at, n) => v.setUint8(at, n),
    (v, at) => v.getUint8(at),
  ),
  UINT16: whole(
    2,
    'uint_contents',
    [0, 65_535],
    (v, at, n) => v.setUint16(at, n, true),
    (v, at) => v.getUint16(at, true),
  ),
  UINT32: whole(
    4,
    'uint_contents',
    [0, 4_294_967_295],
    (v, at, n) => v.setUint32(at, n, true),
    (v, at) => v.getUint32(at, true),
  ),
  UINT64: long('uint64_contents', false),
  FP16: float(
    2,
    undefined,
    (v, at, n) => v.setUint16(at, float16Bits(n), true),
    (v, at) => float16Of(v.getUint16(at, true)),
  ),
  BF16: float(
    2,
    undefined,
    (v, at, n) => v.setUint16(at, bfloat16Bits(n), true),
    (v, at) => bfloat16Of(v.getUint16(at, true)),
  ),
  FP32: float(
    4,
    'fp32_contents',
    (v, at, n) => v.setFloat32(at, n, true),
    (v, at) => v.getFloat32(at, true),
    float32Text,
  ),
  FP64: float(
    8,
    'fp64_contents',
    (v, at, n) => v.setFloat64(at, n, true),
    (v, at) => v.getFloat64(at, true),
  ),
};

export const BYTES = 'BYTES';
