import { hash as hashArgon2 } from '@node-rs/argon2';
import { hash as hashBcrypt } from '@node-rs/bcrypt';
import { describe, expect, it } from 'vitest';
import { PasswordHasher } from './password-hasher.js';

const hasher = new PasswordHasher();

describe('PasswordHasher', () => {
  it('makes argon2id hashes with the recommended cost that only the same password opens', async () => {
    const stored = await hasher.hash('correct horse battery');
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await hasher.check('correct horse battery', stored)).toBe('right');
    expect(await hasher.check('correct horse Battery', stored)).toBe('wrong');
    expect(await hasher.check('correct horse battery ', stored)).toBe('wrong');
  });

  it('takes equal text for equal, however it was typed', async () => {
    expect(await hasher.check('cafe\u0301', await hasher.hash('café'))).toBe('right');
  });

  it('asks to replace hashes of other settings', async () => {
    const cheap = await hashArgon2('correct horse battery', { memoryCost: 8192, timeCost: 1 });
    expect(await hasher.check('correct horse battery', cheap)).toBe('right_needs_rehash');
    expect(await hasher.check('something else', cheap)).toBe('wrong');
  });

  it.each(['$2a$', '$2b$', '$2y$'])('knows bcrypt hashes that begin with %s', async (version) => {
    const stored = (await hashBcrypt('imported', 4)).replace(/^\$2.\$/, version);
    expect(await hasher.check('imported', stored)).toBe('right_needs_rehash');
    expect(await hasher.check('Imported', stored)).toBe('wrong');
  });

  it('does not take a password for another with the same first 72 bytes', async () => {
    const start = 'x'.repeat(72);
    const stored = await hashBcrypt(start, 4);
    expect(await hasher.check(start, stored)).toBe('right_needs_rehash');
    expect(await hasher.check(`${start}y`, stored)).toBe('wrong');
  });

  it('spends on nothing what it spends on a password', async () => {
    const stored = await hasher.hash('correct horse battery');
    await hasher.checkNothing('warm up');
    const timeOf = async (work: () => Promise<unknown>): Promise<number> => {
      const start = performance.now();
      await work();
      return performance.now() - start;
    };
    // The quickest of several turns taken side by side is what the work itself costs, on a busy machine too.
    const [known, unknown]: number[][] = [[], []];
    for (let round = 0; round < 9; round++) {
      known.push(await timeOf(() => hasher.check('guess', stored)));
      unknown.push(await timeOf(() => hasher.checkNothing('guess')));
    }
    const ratio = Math.min(...unknown) / Math.min(...known);
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
  });
});
