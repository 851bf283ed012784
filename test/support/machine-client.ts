import { defaultKnobs } from '../../src/sandbox/machines/machine-knobs.js';
import { Machine } from '../../src/sandbox/machines/machine.js';

/** How the machine of the tests signs its answers. */
export const SIGNATURE = 'served by 2x RTX 4090 of machine 4711';

export const startMachine = (): Promise<Machine> =>
  Machine.start(
    { gpuName: 'RTX 4090', gpuCount: 2, machineId: '4711', containerPort: 8000, model: 'acme/tiny' },
    { ...defaultKnobs(), tokenDelayMs: 0 },
    '127.0.0.1',
  );

export const getFrom = (machine: Machine, path: string): Promise<Response> =>
  fetch(`${machine.origin}${path}`);

export const postTo = (
  machine: Machine,
  path: string,
  body: unknown,
  init: RequestInit = {},
): Promise<Response> =>
  fetch(`${machine.origin}${path}`, { method: 'POST', body: JSON.stringify(body), ...init });

/** A JSON answer whose fields the test itself asserts. */
export interface MachineAnswer {
  text_output: string;
  choices: { index: number; text: string; finish_reason: string; message: { content: string } }[];
  usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
  data: { embedding: number[] }[];
  outputs: { data: string[] }[];
  error: { message: string };
}

export const jsonOf = async (response: Promise<Response>): Promise<MachineAnswer> =>
  (await (await response).json()) as MachineAnswer;

/** The data lines of a server-sent event stream, parsed; `[DONE]` reads as `{done: true}`. */
export async function eventsOf(response: Response): Promise<Record<string, unknown>[]> {
  const lines = (await response.text()).split('\n\n').filter(Boolean);
  return lines.map((line) =>
    line === 'data: [DONE]'
      ? { done: true }
      : (JSON.parse(line.slice('data: '.length)) as Record<string, unknown>),
  );
}
