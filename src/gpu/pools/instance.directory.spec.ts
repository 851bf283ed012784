import { beforeEach, describe, expect, it } from 'vitest';
import { InstanceDirectory, originOf, type RoutableInstance } from './instance.directory.js';

function instance(rentalId: string, difference: Partial<RoutableInstance> = {}): RoutableInstance {
  return {
    instanceId: `vast-${rentalId}`,
    rentalId,
    ownerId: 'ann',
    provider: 'vast.ai',
    origins: new Map(),
    isServing: true,
    hasService: true,
    health: { protocols: [] },
    ...difference,
  };
}

const ids = (instances: Iterable<RoutableInstance>): string[] =>
  [...instances].map(({ instanceId }) => instanceId);

describe('InstanceDirectory', () => {
  let directory: InstanceDirectory;
  beforeEach(() => {
    directory = new InstanceDirectory();
  });

  it("tells what has gone when an owner's instances are replaced", () => {
    directory.replaceOwner('ann', [instance('1'), instance('2')]);
    const gone = directory.replaceOwner('ann', [instance('2'), instance('3')]);
    expect(ids(gone)).toEqual(['vast-1']);
    expect(directory.find('vast-1')).toBeUndefined();
    expect(directory.findByRental('1')).toBeUndefined();
    expect(ids(directory.ofOwner('ann'))).toEqual(['vast-2', 'vast-3']);
    expect(ids(directory.all())).toEqual(['vast-2', 'vast-3']);
  });

  it('leaves a machine to the one who has rented it since', () => {
    const rack = { instanceId: 'static-rack' } as const;
    directory.replaceOwner('ann', [instance('1', rack)]);
    directory.replaceOwner('bob', [instance('2', { ...rack, ownerId: 'bob' })]);
    expect(directory.replaceOwner('ann', [])).toEqual([]);
    expect(directory.find('static-rack')).toMatchObject({ ownerId: 'bob', rentalId: '2' });
    expect(directory.findByRental('1')).toBeUndefined();
    expect(directory.findByRental('2')).toMatchObject({ ownerId: 'bob' });
  });

  it('does not call a machine gone that the same owner has rented again', () => {
    const rack = { instanceId: 'static-rack' } as const;
    directory.replaceOwner('ann', [instance('1', rack)]);
    expect(directory.replaceOwner('ann', [instance('2', rack)])).toEqual([]);
    expect(directory.find('static-rack')).toMatchObject({ rentalId: '2' });
  });
});

describe('originOf', () => {
  const origins = new Map([
    [8000, 'http://a:1'],
    [9000, 'http://a:2'],
  ]);

  it("is the asked port's, else the first mapped when none is asked", () => {
    expect(originOf({ origins }, 9000)).toBe('http://a:2');
    expect(originOf({ origins })).toBe('http://a:1');
    expect(originOf({ origins }, 7000)).toBeUndefined();
  });

  it("is the farm's only URL whatever port is asked", () => {
    expect(originOf({ origins: new Map([[0, 'https://b']]) }, 7000)).toBe('https://b');
  });
});
