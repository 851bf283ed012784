import type { Exchange } from './exchange.js';

export interface InferInput {
  name: string;
  datatype: string;
  shape: number[];
  /** Flattened, row-major. */
  data: unknown[];
}

export interface InferRequest {
  id?: string;
  inputs: InferInput[];
}

interface RawInput extends Omit<InferInput, 'data'> {
  data?: unknown;
  parameters?: { binary_data_size?: number };
}

/** The request with its tensors, JSON or binary (BYTES only); a text says what is wrong with it. */
export function readInferRequest(exchange: Exchange): InferRequest | string {
  const jsonLength = Number(
    exchange.request.headers['inference-header-content-length'] ?? exchange.body.length,
  );
  const request = parse(exchange.body.subarray(0, jsonLength));
  if (!request || !Array.isArray(request.inputs)) return 'the body is not an inference request';
  let offset = jsonLength;
  const inputs: InferInput[] = [];
  for (const input of request.inputs as RawInput[]) {
    const size = input.parameters?.binary_data_size;
    if (size === undefined && !Array.isArray(input.data)) return `input ${input.name} has no data`;
    const data =
      size === undefined
        ? (input.data as unknown[]).flat(Infinity)
        : readBytes(exchange.body.subarray(offset, offset + size));
    offset += size ?? 0;
    inputs.push({ name: input.name, datatype: input.datatype, shape: input.shape, data });
  }
  return { id: request.id as string | undefined, inputs };
}

/** BYTES elements: a 32-bit little-endian length before each. */
function readBytes(raw: Buffer): string[] {
  const elements: string[] = [];
  for (let offset = 0; offset + 4 <= raw.length;) {
    const length = raw.readUInt32LE(offset);
    elements.push(raw.subarray(offset + 4, offset + 4 + length).toString('utf8'));
    offset += 4 + length;
  }
  return elements;
}

function parse(raw: Buffer): Record<string, unknown> | undefined {
  try {
    return JSON.parse(raw.toString('utf8')) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
