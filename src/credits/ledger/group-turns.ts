/** One piece of work, as its caller waits for it. */
interface Waiting<Work, Result> {
  work: Work;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

interface Lane<Work, Result> {
  waiting: Waiting<Work, Result>[];
}

/**
 * Work that has to happen one after the other per key: while some of it is done, what comes meanwhile gathers, and then
 * all of that is done together. Whoever comes alone waits for nobody.
 */
export class GroupTurns<Work, Result> {
  private readonly lanes = new Map<string, Lane<Work, Result>>();

  /**
   * @param perform does several pieces of one key and answers one result for each, in their order; never rejects
   * @param mostTogether of them
   */
  constructor(
    private readonly perform: (key: string, works: Work[]) => Promise<PromiseSettledResult<Result>[]>,
    private readonly mostTogether: number,
  ) {}

  submit(key: string, work: Work): Promise<Result> {
    return new Promise((resolve, reject) => {
      const waiting = { work, resolve, reject };
      const lane = this.lanes.get(key);
      if (lane) return void lane.waiting.push(waiting);
      const opened = { waiting: [waiting] };
      this.lanes.set(key, opened);
      void this.run(key, opened);
    });
  }

  private async run(key: string, lane: Lane<Work, Result>): Promise<void> {
    while (lane.waiting.length > 0) {
      // Those whom the last group has just answered come back in the same turn of the event loop.
      await new Promise(setImmediate);
      const group = lane.waiting.splice(0, this.mostTogether);
      const results = await this.perform(
        key,
        group.map(({ work }) => work),
      );
      results.forEach((result, index) => {
        if (result.status === 'fulfilled') group[index].resolve(result.value);
        else group[index].reject(result.reason);
      });
    }
    this.lanes.delete(key);
  }
}
