import { describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../common/clock.js';
import { EventBus } from '../common/event-bus.js';
import { SECURITY_NOTED, type SecurityNote } from '../common/security-note.js';
import type { AuditEvent } from './audit-event.js';
import type { AuditLog } from './audit-log.js';
import { AuditNotes } from './audit-notes.js';

const denied = (hostname: string): SecurityNote => ({
  action: 'egress.denied',
  origin: { actorKind: 'user', actorId: 'ann', ip: '203.0.113.7', requestId: String(Math.PI) },
  details: { hostname },
});

function start(record: (events: readonly AuditEvent[]) => Promise<void> = () => Promise.resolve()) {
  const written: AuditEvent[] = [];
  const log = {
    record: (events: readonly AuditEvent[]) => record(events).then(() => void written.push(...events)),
  };
  const clock = new ManualClock();
  const bus = new EventBus();
  const notes = new AuditNotes(log as unknown as AuditLog, bus, clock);
  notes.onModuleInit();
  const note = (data: SecurityNote): void => bus.emit({ name: SECURITY_NOTED, at: clock.now(), data });
  return { written, clock, notes, note };
}

describe('AuditNotes', () => {
  it('writes the same refusal once a minute, with its number', async () => {
    const { written, clock, notes, note } = start();
    for (let time = 0; time < 5; time++) note(denied('a'));
    note(denied('b'));
    await notes.flush();
    expect(written.map(({ details }) => details)).toEqual([{ hostname: 'a', times: 5 }, { hostname: 'b' }]);
    expect(written[0].result).toBe('refused');
    note(denied('a'));
    clock.advance(59_999);
    await notes.flush();
    expect(written).toHaveLength(2);
    clock.advance(1);
    await notes.flush();
    expect(written).toHaveLength(3);
  });

  it('keeps what could not be written', async () => {
    const record = vi.fn().mockRejectedValueOnce(new Error('down')).mockResolvedValue(undefined);
    const { written, notes, note } = start(record);
    note(denied('a'));
    await notes.flush();
    note(denied('a'));
    await notes.flush();
    expect(written.map(({ details }) => details)).toEqual([{ hostname: 'a', times: 2 }]);
  });

  it('takes in a bounded number', async () => {
    const { written, notes, note } = start();
    for (let host = 0; host < 2000; host++) note(denied(`h${host}`));
    await notes.beforeApplicationShutdown();
    for (let round = 0; round < 10; round++) await notes.flush();
    expect(written).toHaveLength(500);
  });

  it('writes all of it at the end', async () => {
    const { written, notes, note } = start();
    note(denied('a'));
    await notes.flush();
    note(denied('a'));
    await notes.beforeApplicationShutdown();
    expect(written).toHaveLength(2);
  });
});
