import type { ModelMetadata, TensorMetadata } from '../models/model-answers.js';
import { objectSource } from './text-parameters.js';

export interface InferQuestion {
  id: string;
  prompts: readonly string[];
  /** As they were written. */
  parameters: ReadonlyMap<string, string>;
  metadata: ModelMetadata;
  /** The input for the text. */
  input: TensorMetadata;
}

const TEXT = 'BYTES';
const MAY_BE_LEFT_OUT = ['stop_words', 'bad_words', 'random_seed', 'end_id', 'pad_id'];

/** The input of `generate`. */
export function takesTextInput({ inputs }: ModelMetadata): boolean {
  return inputs.some(({ name, datatype }) => name === 'text_input' && datatype === TEXT);
}

/**
 * The only input for a text, undefined when there is none or several. (Metadata does not tell which inputs are optional;
 * the names are those of TensorRT-LLM's models.)
 */
export function onlyTextInput({ inputs }: ModelMetadata): TensorMetadata | undefined {
  const texts = inputs.filter(({ name, datatype }) => datatype === TEXT && !MAY_BE_LEFT_OUT.includes(name));
  return texts.length === 1 ? texts[0] : undefined;
}

/**
 * The body of an infer request. A parameter that the model has as a tensor goes there, once a row; the others go into
 * `parameters`.
 */
export function inferQuestion({ id, prompts, parameters, metadata, input }: InferQuestion): string {
  const rows = prompts.length;
  const tensors = metadata.inputs.filter(({ name, datatype }) => parameters.has(name) && datatype !== TEXT);
  const asTensors = new Set(tensors.map(({ name }) => name));
  const texts = prompts.map((prompt) => JSON.stringify(prompt));
  const others = [...parameters].filter(([name]) => !asTensors.has(name));
  const inputs = [
    tensorSource(input, rows, `[${texts.join(',')}]`),
    ...tensors.map((tensor) =>
      tensorSource(tensor, rows, rowsOf(tensor, parameters.get(tensor.name) ?? '', rows)),
    ),
  ];
  return objectSource([
    ['id', JSON.stringify(id)],
    ['inputs', `[${inputs.join(',')}]`],
    ...(others.length > 0 ? [['parameters', objectSource(others)] as const] : []),
  ]);
}

function tensorSource({ name, datatype, shape }: TensorMetadata, rows: number, data: string): string {
  return objectSource([
    ['name', JSON.stringify(name)],
    ['shape', JSON.stringify(shapeFor(shape, rows))],
    ['datatype', JSON.stringify(datatype)],
    ['data', data],
  ]);
}

/** As many dimensions as the metadata has: rows, then ones. */
function shapeFor(shape: readonly number[], rows: number): number[] {
  return [rows, ...shape.slice(1).map(() => 1)];
}

/** One value a row, nested as deep as the tensor is. */
function rowsOf({ shape }: TensorMetadata, source: string, rows: number): string {
  const depth = Math.max(0, shape.length - 1);
  const row = `${'['.repeat(depth)}${source}${']'.repeat(depth)}`;
  return `[${Array.from({ length: rows }, () => row).join(',')}]`;
}
