import { LRUCache } from 'lru-cache';

/** What was learned at an instant, epoch ms. */
interface Learned<T> {
  value: T;
  at: number;
}

const MOST_PROBED = 200;

/** What one service has told about its models. An answer that says nothing leaves everything as it was. */
export class ServiceKnowledge {
  /** The models of its repository; undefined as a value = it has no index. */
  private index: Learned<readonly string[] | undefined> | undefined;
  private readonly probed = new LRUCache<string, Learned<boolean>>({ max: MOST_PROBED });

  /** Known to have no index, so that single models have to be asked for. */
  get hasNoIndex(): boolean {
    return this.index !== undefined && this.index.value === undefined;
  }

  /** True when it says something new. */
  learnIndex(models: readonly string[] | undefined, at: number): boolean {
    const before = this.index?.value;
    this.index = { value: models, at };
    return before?.join('\n') !== models?.join('\n');
  }

  /** True when it says something new. */
  learnModel(model: string, isThere: boolean, at: number): boolean {
    const before = this.probed.get(model)?.value ?? false;
    this.probed.set(model, { value: isThere, at });
    return before !== isThere;
  }

  isIndexOlderThan(instant: number): boolean {
    return this.index === undefined || this.index.at < instant;
  }

  isModelOlderThan(model: string, instant: number): boolean {
    const known = this.probed.get(model);
    return known === undefined || known.at < instant;
  }

  /** Undefined = it has told nothing. */
  models(): readonly string[] | undefined {
    if (this.index?.value) return this.index.value;
    const found = [...this.probed.entries()].filter(([, { value }]) => value).map(([model]) => model);
    return found.length > 0 ? found : undefined;
  }
}
