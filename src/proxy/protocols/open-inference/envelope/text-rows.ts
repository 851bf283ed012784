import { notOpenInference } from './envelope.errors.js';

interface OutputTensor {
  datatype?: unknown;
  shape?: unknown;
  data?: unknown;
}

/**
 * The texts in an infer answer, one a row: the first BYTES output, flattened. None when it has no such output.
 * @throws DomainError 502 `upstream_protocol_error`
 */
export function inferRows(source: string): string[] {
  const { outputs } = parseObject(source);
  if (!Array.isArray(outputs)) throw notOpenInference();
  const texts = (outputs as (OutputTensor | null)[]).find((output) => output?.datatype === 'BYTES');
  if (!texts || !Array.isArray(texts.data)) return [];
  const pieces = texts.data.flat(Infinity).map(String);
  const rows = Array.isArray(texts.shape) && texts.shape.length > 1 ? Number(texts.shape[0]) : pieces.length;
  return joined(pieces, rows);
}

/** @throws DomainError 502 `upstream_protocol_error` */
export function generatedText(source: string): string {
  const { text_output: text } = parseObject(source);
  if (typeof text === 'string') return text;
  if (Array.isArray(text)) return text.map(String).join('');
  throw notOpenInference();
}

/** What an event of `generate_stream` says: a piece of text, or that it went wrong. */
export function readGenerateEvent(data: string): { text: string } | { error: string } {
  const event = parseObject(data);
  if (event.error === undefined) return { text: generatedText(data) };
  return { error: typeof event.error === 'string' ? event.error : JSON.stringify(event.error) };
}

/** Several pieces of one row belong together. */
function joined(pieces: readonly string[], rows: number): string[] {
  const perRow = pieces.length / rows;
  if (!Number.isInteger(perRow) || perRow < 2) return [...pieces];
  return Array.from({ length: rows }, (_, row) => pieces.slice(row * perRow, (row + 1) * perRow).join(''));
}

function parseObject(source: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    throw notOpenInference(error);
  }
  if (typeof value !== 'object' || value === null) throw notOpenInference();
  return value as Record<string, unknown>;
}
