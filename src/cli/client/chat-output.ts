import type { StreamedAnswer } from './api.js';
import { CliError, EXIT } from './errors.js';
import type { Output } from './output.js';
import { parseJson } from './problem.js';
import { isEventStream, jsonLine } from './relay.js';
import { serverSentData } from './sse.js';

/** The parts of OpenAI's chat answers, whole or streamed, that are read here. */
interface ChatPiece {
  choices?: { delta?: { content?: string | null }; message?: { content?: string | null } }[];
  error?: { message?: string; code?: string };
}

/** Prints a model's words as they arrive; an error inside the stream ends it as an error. */
export async function printChat(output: Output, answer: StreamedAnswer): Promise<void> {
  let last = '';
  for await (const data of isEventStream(answer) ? serverSentData(answer.pieces) : wholeText(answer)) {
    const words = readWords(data);
    if (output.isJson) await output.write(`${jsonLine(data)}\n`);
    else if (words) await output.write(forTerminal(words));
    last = words || last;
  }
  if (!output.isJson && !last.endsWith('\n')) output.line();
}

/** A server that does not stream answers with one document. */
async function* wholeText({ pieces }: StreamedAnswer): AsyncGenerator<string> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece);
  yield Buffer.concat(parts).toString('utf8');
}

function readWords(data: string): string {
  const piece = (parseJson(data) ?? {}) as ChatPiece;
  if (piece.error) {
    const { code = 'stream_failed', message = 'the model stopped' } = piece.error;
    throw new CliError(EXIT.refused, { code, detail: message, document: data });
  }
  const choice = piece.choices?.at(0);
  return choice?.delta?.content ?? choice?.message?.content ?? '';
}

/** A model's words may hold control characters; a terminal would obey them. */
function forTerminal(words: string): string {
  return words.replace(/[^\P{Cc}\n\t]/gu, '');
}
