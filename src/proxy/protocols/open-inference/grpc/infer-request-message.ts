import { parse as parseLossless } from 'lossless-json';
import { badField } from '../envelope/envelope.errors.js';
import { BYTES, DATATYPES, type Element } from './datatypes.js';
import type { InferRequestMessage, Parameter, Parameters, Tensor } from './grpc-messages.js';
import { packBytes, packElements } from './raw-contents.js';

type JsonObject = Record<string, unknown>;

interface InputTensor extends Tensor {
  elements: Element[];
}

/** As other servers say that the texts of a tensor are base64. */
const BASE64 = 'base64';
/** Numbers of so many digits may not survive JSON.parse. */
const LONG_NUMBER = /\d{16}/;

/**
 * The REST protocol's JSON as a message.
 * @throws DomainError 422 naming what does not fit
 */
export function inferRequestMessage(model: string, source: string): InferRequestMessage {
  const body = parseObject(source);
  const inputs = listOf(body.inputs, 'body.inputs').map(readInput);
  const isRaw = inputs.some(({ datatype }) => datatype !== BYTES && DATATYPES[datatype].field === undefined);
  return {
    model_name: model,
    model_version: textOf(body.model_version, 'body.model_version'),
    id: textOf(body.id, 'body.id'),
    parameters: readParameters(body.parameters, 'body.parameters'),
    inputs: inputs.map((input) =>
      isRaw ? bareTensor(input) : { ...bareTensor(input), contents: contentsOf(input) },
    ),
    outputs: listOf(body.outputs ?? [], 'body.outputs').map(readOutput),
    ...(isRaw ? { raw_input_contents: inputs.map(rawContentsOf) } : {}),
  };
}

function parseObject(source: string): JsonObject {
  if (!LONG_NUMBER.test(source)) return JSON.parse(source) as JsonObject;
  const number = (text: string): number | bigint =>
    /^-?\d+$/.test(text) && !Number.isSafeInteger(Number(text)) ? BigInt(text) : Number(text);
  return parseLossless(source, undefined, number) as JsonObject;
}

function readInput(value: unknown, index: number): InputTensor {
  const field = `body.inputs.${index}`;
  const { name, datatype, shape, data, parameters } = objectOf(value, field);
  if (typeof datatype !== 'string' || !(datatype === BYTES || datatype in DATATYPES)) {
    throw badField(`${field}.datatype`, 'is not a datatype of the protocol');
  }
  const elements = listOf(data, `${field}.data`).flat(Infinity) as Element[];
  const accepts = datatype === BYTES ? isText : DATATYPES[datatype].accepts;
  if (!elements.every(accepts)) throw badField(`${field}.data`, `holds what is no ${datatype}`);
  return {
    name: textOf(name, `${field}.name`) ?? '',
    datatype,
    shape: listOf(shape, `${field}.shape`).map((size) => sizeOf(size, `${field}.shape`)),
    parameters: readParameters(parameters, `${field}.parameters`),
    elements,
  };
}

function readOutput(value: unknown, index: number): { name: string; parameters?: Parameters } {
  const field = `body.outputs.${index}`;
  const { name, parameters } = objectOf(value, field);
  return {
    name: textOf(name, `${field}.name`) ?? '',
    parameters: readParameters(parameters, `${field}.parameters`),
  };
}

function bareTensor({ name, datatype, shape, parameters }: InputTensor): Tensor {
  return { name, datatype, shape, parameters };
}

function contentsOf(input: InputTensor): Tensor['contents'] {
  if (input.datatype === BYTES) return { bytes_contents: bytesOf(input) };
  const { field, toField } = DATATYPES[input.datatype];
  return field === undefined ? {} : { [field]: input.elements.map(toField) };
}

function rawContentsOf(input: InputTensor): Buffer {
  return input.datatype === BYTES
    ? packBytes(bytesOf(input))
    : packElements(DATATYPES[input.datatype], input.elements);
}

function bytesOf({ elements, parameters }: InputTensor): Buffer[] {
  const isBase64 = parameters?.content_type?.string_param === BASE64;
  return elements.map((text) => Buffer.from(String(text), isBase64 ? 'base64' : 'utf8'));
}

function readParameters(value: unknown, field: string): Parameters | undefined {
  if (value === undefined || value === null) return undefined;
  const members = Object.entries(objectOf(value, field));
  return Object.fromEntries(members.map(([name, member]) => [name, parameterOf(member, `${field}.${name}`)]));
}

function parameterOf(value: unknown, field: string): Parameter {
  if (typeof value === 'boolean') return { bool_param: value };
  if (typeof value === 'string') return { string_param: value };
  if (typeof value === 'bigint' || Number.isInteger(value)) return wholeParameter(BigInt(value as number));
  if (typeof value === 'number') return { double_param: value };
  throw badField(field, 'must be a text, a number, true or false');
}

function wholeParameter(value: bigint): Parameter {
  if (value === BigInt.asIntN(64, value)) return { int64_param: value.toString() };
  return value === BigInt.asUintN(64, value)
    ? { uint64_param: value.toString() }
    : { double_param: Number(value) };
}

function sizeOf(value: unknown, field: string): string {
  if (Number.isSafeInteger(value)) return String(value);
  throw badField(field, 'must hold whole numbers');
}

function isText(value: unknown): value is Element {
  return typeof value === 'string';
}

function textOf(value: unknown, field: string): string | undefined {
  if (value === undefined || value === null || typeof value === 'string') return value ?? undefined;
  throw badField(field, 'must be a text');
}

function listOf(value: unknown, field: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw badField(field, 'must be a list');
}

function objectOf(value: unknown, field: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw badField(field, 'must be an object');
}
