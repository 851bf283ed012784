/** A tensor as the metadata of a model describes it. */
export interface TensorMetadata {
  name: string;
  datatype: string;
  /** -1 = any size. */
  shape: readonly number[];
}

export interface ModelMetadata {
  name: string;
  inputs: readonly TensorMetadata[];
}

const READY = 'READY';
/** Of a longer index the rest is left out. */
const MOST_MODELS = 1000;
const LONGEST_NAME = 256;

/** The ready models in the answer to POST /v2/repository/index; undefined when it is no index. */
export function readRepositoryIndex(body: string): string[] | undefined {
  const entries = parse(body);
  if (!Array.isArray(entries)) return undefined;
  const names = entries.slice(0, MOST_MODELS).flatMap((entry) => readyModel(entry) ?? []);
  return [...new Set(names)];
}

/**
 * The answer to GET /v2/models/{m}; undefined when it is none: servers of other kinds say 200 to anything. MLServer leaves
 * out what it does not know, KServe's runtimes for language models tell no tensors at all.
 */
export function readModelMetadata(body: string): ModelMetadata | undefined {
  const metadata = parse(body) as Record<string, unknown> | null | undefined;
  if (typeof metadata !== 'object' || metadata === null || typeof metadata.name !== 'string')
    return undefined;
  const isMetadata = ['platform', 'versions', 'inputs', 'outputs'].some((member) => member in metadata);
  if (!isMetadata) return undefined;
  const inputs = Array.isArray(metadata.inputs) ? metadata.inputs : [];
  return { name: metadata.name, inputs: inputs.flatMap((tensor) => readTensor(tensor) ?? []) };
}

/** Triton tells the state; servers that do not have only what is loaded. */
function readyModel(entry: unknown): string | undefined {
  const { name, state } = (entry ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string' || name === '' || name.length > LONGEST_NAME) return undefined;
  return state === undefined || state === '' || state === READY ? name : undefined;
}

function readTensor(tensor: unknown): TensorMetadata | undefined {
  const { name, datatype, shape } = (tensor ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string' || typeof datatype !== 'string') return undefined;
  return { name, datatype, shape: Array.isArray(shape) ? shape.map(Number) : [] };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
