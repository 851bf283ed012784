import { beforeAll, expect, it } from 'vitest';
import { StrategyPreference } from '../../src/loadbalancer/strategy-preference.entity.js';
import { StrategyPreferenceRepository } from '../../src/loadbalancer/strategy-preference.repository.js';
import { onEachDatabase } from '../support/databases.js';

onEachDatabase('strategy preferences', { entities: [StrategyPreference] }, (open) => {
  let preferences: StrategyPreferenceRepository;

  beforeAll(async () => {
    const { unitOfWork } = await open();
    preferences = new StrategyPreferenceRepository(unitOfWork);
  });

  it('has none until the user chooses', async () => {
    expect(await preferences.find('ada')).toBeNull();
  });

  it('keeps the latest choice of each user', async () => {
    await preferences.save({ userId: 'ada', strategy: 'round_robin', updatedAt: 1_791_504_000_000 });
    await preferences.save({ userId: 'grace', strategy: 'equal_weighted', updatedAt: 1_791_504_000_001 });
    await preferences.save({ userId: 'ada', strategy: 'least_response_time', updatedAt: 1_791_504_000_002 });
    expect(await preferences.find('ada')).toEqual({
      userId: 'ada',
      strategy: 'least_response_time',
      updatedAt: 1_791_504_000_002,
    });
    expect((await preferences.find('grace'))?.strategy).toBe('equal_weighted');
  });

  it('survives two choices at once', async () => {
    const choices = ['round_robin', 'least_connections', 'equal_weighted'];
    await Promise.all(
      choices.map((strategy, updatedAt) => preferences.save({ userId: 'linus', strategy, updatedAt })),
    );
    expect(choices).toContain((await preferences.find('linus'))?.strategy);
  });
});
