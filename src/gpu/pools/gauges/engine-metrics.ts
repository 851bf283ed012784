/** What an inference engine says about its load. */
export interface EngineLoad {
  running: number;
  waiting: number;
}

/**
 * Gauges of the engines, by exact name. vLLM: docs.vllm.ai, usage/metrics; SGLang: docs.sglang.io, production metrics;
 * TGI: hf.co docs, reference/metrics; llama.cpp: tools/server, --metrics; Triton: docs, user_guide/metrics.
 */
const RUNNING = [
  'vllm:num_requests_running',
  'sglang:num_running_reqs',
  'tgi_batch_current_size',
  'llamacpp:requests_processing',
];
const WAITING = [
  'vllm:num_requests_waiting',
  'sglang:num_queue_reqs',
  'tgi_queue_size',
  'llamacpp:requests_deferred',
  'nv_inference_pending_request_count',
];

const LABELS = String.raw`(?:\{(?:[^"}\n]|"(?:\\.|[^"\\\n])*")*\})?`;
const SAMPLE = new RegExp(`^(${[...RUNNING, ...WAITING].join('|')})${LABELS}[ \\t]+(\\S+)`, 'gm');

/**
 * Reads Prometheus text, added up over models and ranks. Undefined when no engine's queue is in it: an unknown name is
 * no news, never an empty queue.
 */
export function readEngineLoad(text: string): EngineLoad | undefined {
  const sums = new Map<string, number>();
  for (const [, name, value] of text.matchAll(SAMPLE)) {
    const number = Number(value);
    if (Number.isFinite(number) && number >= 0) sums.set(name, (sums.get(name) ?? 0) + number);
  }
  if (!WAITING.some((name) => sums.has(name))) return undefined;
  const total = (names: readonly string[]): number =>
    names.reduce((sum, name) => sum + (sums.get(name) ?? 0), 0);
  return { running: total(RUNNING), waiting: total(WAITING) };
}
