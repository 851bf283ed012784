import { Injectable, Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../../common/clock.js';
import type { ProviderName } from '../../providers/gpu-provider.js';
import { ProvidersService } from '../../providers/providers.service.js';

/** A destroy that the farm took is not repeated sooner, however long the contract shows on. */
const DESTROY_AGAIN_MS = 15_000;

/** Which contract; the label tells it from an earlier one of the same id. */
export interface DoomedContract {
  provider: ProviderName;
  contractId: string;
  label: string | null;
}

/**
 * Asks farms to end contracts. A farm's queue of destroys can be minutes long (vast.ai takes one in 3 s), so that
 * calls run by themselves and callers wait as long as they please; one contract is never in the queue twice.
 */
@Injectable()
export class DestroyCalls {
  private readonly logger = new Logger(DestroyCalls.name);
  private readonly underWay = new Map<string, Promise<boolean>>();
  private readonly takenAt = new LRUCache<string, number>({ max: 10_000 });

  constructor(
    private readonly providers: ProvidersService,
    private readonly clock: Clock,
  ) {}

  /** True once the farm took the request; false when it failed and has to be repeated. Never throws. */
  ask(contract: DoomedContract): Promise<boolean> {
    const key = `${contract.provider}/${contract.contractId}/${contract.label}`;
    const known = this.underWay.get(key);
    if (known) return known;
    if (this.clock.now() - (this.takenAt.get(key) ?? -Infinity) < DESTROY_AGAIN_MS)
      return Promise.resolve(true);
    const call = this.send(key, contract).finally(() => this.underWay.delete(key));
    this.underWay.set(key, call);
    return call;
  }

  private async send(key: string, { provider, contractId }: DoomedContract): Promise<boolean> {
    try {
      await this.providers.byName(provider).destroyContract(contractId, {});
      this.takenAt.set(key, this.clock.now());
      return true;
    } catch (error) {
      const which = { provider, contract_id: contractId };
      this.logger.warn({ msg: 'destroy failed, will be repeated', ...which, err: error });
      return false;
    }
  }
}
