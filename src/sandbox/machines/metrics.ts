import type { Exchange } from './exchange.js';
import type { MachineStats } from './machine-stats.js';

/** Requests above this many at once would wait in a real engine's queue. */
const BATCH_SIZE = 32;

/** Prometheus text under vLLM's names (docs.vllm.ai, usage/metrics). */
export function metrics(exchange: Exchange, stats: MachineStats): void {
  const running = Math.min(Math.max(0, stats.inFlight - 1), BATCH_SIZE);
  const waiting = Math.max(0, stats.inFlight - 1 - BATCH_SIZE);
  const rows: [name: string, type: string, value: number][] = [
    ['vllm:num_requests_running', 'gauge', running],
    ['vllm:num_requests_waiting', 'gauge', waiting],
    ['vllm:kv_cache_usage_perc', 'gauge', running / BATCH_SIZE],
    ['vllm:prompt_tokens_total', 'counter', stats.promptTokens],
    ['vllm:generation_tokens_total', 'counter', stats.generatedTokens],
  ];
  const labels = `{model_name="${exchange.identity.model}"}`;
  const text = rows
    .map(([name, type, value]) => `# TYPE ${name} ${type}\n${name}${labels} ${value}\n`)
    .join('');
  exchange.send(200, 'text/plain; version=0.0.4; charset=utf-8', text);
}
