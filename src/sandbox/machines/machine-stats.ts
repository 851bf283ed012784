/** What a machine has done, for its own /metrics, the farm's byte meter and the tests. */
export class MachineStats {
  requests = 0;
  inFlight = 0;
  promptTokens = 0;
  generatedTokens = 0;
  bytesIn = 0;
  /** Bytes of sockets that are closed; open ones are added by the machine. */
  bytesOut = 0;

  countTokens(prompt: number, generated: number): void {
    this.promptTokens += prompt;
    this.generatedTokens += generated;
  }
}
