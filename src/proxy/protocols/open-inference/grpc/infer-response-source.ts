import { setImmediate as nextTurn } from 'node:timers/promises';
import { notOpenInference } from '../envelope/envelope.errors.js';
import { objectSource } from '../envelope/text-parameters.js';
import { BYTES, DATATYPES, type Datatype } from './datatypes.js';
import type { InferResponseMessage, Parameter, Parameters, Tensor } from './grpc-messages.js';
import { unpackBytes, viewOf } from './raw-contents.js';

const UTF8 = new TextDecoder('utf-8', { fatal: true });
/** So many elements are written before others get a turn: a tensor may hold millions. */
const ELEMENTS_PER_TURN = 50_000;

type Member = readonly [string, string];

/** A message as the REST protocol's JSON. Rejects with 502 `upstream_protocol_error` for tensors that cannot be read. */
export async function inferResponseSource(message: InferResponseMessage): Promise<string> {
  const outputs: string[] = [];
  for (const [index, output] of message.outputs.entries()) {
    outputs.push(await outputSource(output, message.raw_output_contents[index]));
  }
  return objectSource([
    ['model_name', JSON.stringify(message.model_name)],
    ...textMember('model_version', message.model_version),
    ...textMember('id', message.id),
    ...parametersMember(message.parameters),
    ['outputs', `[${outputs.join(',')}]`],
  ]);
}

async function outputSource(tensor: Tensor, raw: Buffer | undefined): Promise<string> {
  const { name, datatype, shape, parameters = {} } = tensor;
  const elements = datatype === BYTES ? bytesElements(tensor, raw) : fixedElements(tensor, raw);
  const isBase64 = elements.isBase64 === true;
  const marked = isBase64 ? { ...parameters, content_type: BASE64_MARK } : parameters;
  return objectSource([
    ['name', JSON.stringify(name)],
    ['datatype', JSON.stringify(datatype)],
    ['shape', `[${shape.join(',')}]`],
    ...parametersMember(marked),
    ['data', await dataSource(elements)],
  ]);
}

const BASE64_MARK: Parameter = { parameter_choice: 'string_param', string_param: 'base64' };

interface Elements {
  count: number;
  source(index: number): string;
  isBase64?: boolean;
}

function fixedElements({ datatype, contents }: Tensor, raw: Buffer | undefined): Elements {
  const type = DATATYPES[datatype] as Datatype | undefined;
  if (!type) throw notOpenInference();
  if (raw) return rawElements(type, raw);
  const values = (type.field && contents?.[type.field]) ?? [];
  return { count: values.length, source: (index) => type.fromField(values[index]) };
}

function rawElements({ size, read }: Datatype, raw: Buffer): Elements {
  if (raw.length % size !== 0) throw notOpenInference();
  const view = viewOf(raw);
  return { count: raw.length / size, source: (index) => read(view, index * size) };
}

/** Texts, or base64 for all when one is no UTF-8. */
function bytesElements({ contents }: Tensor, raw: Buffer | undefined): Elements {
  const elements = raw ? unpackBytes(raw) : (contents?.bytes_contents ?? []);
  const texts = elements.map(decode);
  const isBase64 = texts.includes(undefined);
  return {
    count: elements.length,
    source: (index) => JSON.stringify(isBase64 ? elements[index].toString('base64') : texts[index]),
    isBase64,
  };
}

function decode(bytes: Buffer): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}

async function dataSource({ count, source }: Elements): Promise<string> {
  const parts: string[] = [];
  for (let start = 0; start < count; start += ELEMENTS_PER_TURN) {
    if (start > 0) await nextTurn();
    const length = Math.min(ELEMENTS_PER_TURN, count - start);
    parts.push(Array.from({ length }, (_, index) => source(start + index)).join(','));
  }
  return `[${parts.join(',')}]`;
}

function textMember(name: string, text: string): Member[] {
  return text === '' ? [] : [[name, JSON.stringify(text)]];
}

function parametersMember(parameters: Parameters): Member[] {
  const members = Object.entries(parameters).map(([name, value]) => [name, parameterSource(value)] as const);
  return members.length > 0 ? [['parameters', objectSource(members)]] : [];
}

function parameterSource(parameter: Parameter): string {
  const { parameter_choice: choice } = parameter;
  const value = choice && parameter[choice];
  if (value === undefined) return 'null';
  return choice === 'int64_param' || choice === 'uint64_param' ? String(value) : JSON.stringify(value);
}
