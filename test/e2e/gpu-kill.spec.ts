import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RentalView } from '../../src/gpu/rentals/rental.view.js';
import { isLive } from '../../src/gpu/rentals/rental-state.js';
import { requireBuild, startDaemonProcess } from '../support/built-programs.js';
import { at, creditsOf } from '../support/gpu-caller.js';
import { openGpuLab, type GpuLab } from '../support/gpu-lab.js';
import { rentalsOf, rentedAtFarms, untilNothingIsRented } from '../support/rental-views.js';
import { eventually, signUp } from '../support/running-daemon.js';
import { createTempFolder, type TempFolder } from '../support/temp-folder.js';

describe('a server that is killed while it rents', () => {
  let lab: GpuLab;
  let folder: TempFolder;

  beforeAll(async () => {
    requireBuild();
    lab = await openGpuLab();
    folder = await createTempFolder('killed');
  });
  afterAll(async () => {
    await lab.close();
    await folder.remove();
  });

  it('leaves nothing behind: no contract, no held credit, nothing on its way', async () => {
    const killed = await startDaemonProcess(folder.path, ['-dv'], { ...lab.env });
    const caller = await signUp(killed.url);
    lab.sandbox.vastAi.control.inject('rent', 'slow', { times: 3, delayMs: 1500 });
    const body = { count: 6, filters: { provider: 'vast.ai' } };
    const asked = caller.post('/api/v1/gpu/instances/reserve', body).catch(() => 'cut');
    await eventually(async () => rentedAtFarms(lab.sandbox).length === 3);
    killed.child.kill('SIGKILL');
    expect(await asked).toBe('cut');
    await eventually(async () => rentedAtFarms(lab.sandbox).length === 6);

    const heir = at(caller, (await lab.start()).url);
    expect((await rentalsOf(heir)).every(({ state }) => isLive(state))).toBe(true);
    lab.clock.skip(31_000);
    const adopted: RentalView[] = await eventually(async () => {
      const rentals = await rentalsOf(heir);
      return rentals.every(({ contract_id: id }) => id !== null) && rentals;
    });
    expect(new Set(adopted.map(({ contract_id: id }) => id)).size).toBe(6);
    lab.clock.skip(300_000);
    await untilNothingIsRented(lab.sandbox);
    await eventually(async () => (await creditsOf(heir)).credits_held === 0);
    const after = await eventually(async () => {
      const rentals = await rentalsOf(heir);
      return rentals.every(({ state }) => state === 'destroyed') && rentals;
    });
    expect(new Set(after.map(({ reason }) => reason))).toEqual(new Set(['reservation_failed']));
    expect(lab.sandbox.vastAi.control.books().ended).toHaveLength(6);
  });
});
