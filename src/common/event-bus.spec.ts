import { Logger } from '@nestjs/common';
import { describe, expect, it, vi } from 'vitest';
import { EventBus, type DomainEvent } from './event-bus.js';

describe('EventBus', () => {
  const event: DomainEvent = { name: 'rental.updated', userId: 'u', at: 1, data: {} };

  it('delivers to the listeners of that name, until they leave', () => {
    const bus = new EventBus();
    const seen: DomainEvent[] = [];
    const leave = bus.on('rental.updated', (received) => seen.push(received));
    bus.on('other', () => seen.push(event));
    bus.emit(event);
    leave();
    bus.emit(event);
    expect(seen).toEqual([event]);
  });

  it("keeps a listener's failure from the emitter and from the others", () => {
    const logged = vi.spyOn(Logger.prototype, 'error').mockReturnValue();
    const bus = new EventBus();
    const seen: string[] = [];
    bus.on('rental.updated', () => {
      throw new Error('listener is broken');
    });
    bus.on('rental.updated', () => seen.push('second'));
    bus.emit(event);
    expect(seen).toEqual(['second']);
    expect(logged).toHaveBeenCalledOnce();
    logged.mockRestore();
  });
});
