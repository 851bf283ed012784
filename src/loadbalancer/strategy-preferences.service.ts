import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { EventBus } from '../common/event-bus.js';
import { AppConfig } from '../config/config.js';
import { STRATEGY_CHANGED, type StrategyChanged } from './loadbalancer.events.js';
import { isStrategyName, STRATEGY_NAMES, type StrategyName } from './strategies/index.js';
import { StrategyPreferenceRepository } from './strategy-preference.repository.js';

/** Which strategy a user's pools use that name none. */
@Injectable()
export class StrategyPreferences {
  private readonly operatorDefault: StrategyName;

  /** @throws Error when LB_STRATEGY names no strategy, which ends the start. */
  constructor(
    private readonly preferences: StrategyPreferenceRepository,
    private readonly events: EventBus,
    private readonly clock: Clock,
    config: AppConfig,
  ) {
    this.operatorDefault = requireStrategyName(config.loadBalancer.strategy);
  }

  /** The user's choice, else the operator's. */
  async of(userId: string): Promise<StrategyName> {
    const preference = await this.preferences.find(userId);
    // A name that a later version no longer has must not keep anybody's pools from working.
    return preference && isStrategyName(preference.strategy) ? preference.strategy : this.operatorDefault;
  }

  async choose(userId: string, strategy: StrategyName): Promise<StrategyName> {
    const at = this.clock.now();
    await this.preferences.save({ userId, strategy, updatedAt: at });
    this.events.emit({
      name: STRATEGY_CHANGED,
      userId,
      at,
      data: { strategy } satisfies StrategyChanged,
    });
    return strategy;
  }
}

function requireStrategyName(text: string): StrategyName {
  if (isStrategyName(text)) return text;
  throw new Error(`LB_STRATEGY must be one of ${STRATEGY_NAMES.join(', ')}, not "${text}"`);
}
