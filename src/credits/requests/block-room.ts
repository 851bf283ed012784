import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { BlockAdmission } from './admission.js';
import { BlockBook } from './block-book.js';
import { BlockFunds } from './block-funds.js';
import type { Block } from './block.js';
import type { Purse } from './purse.js';

/** Room in blocks for requests: at once when it is there, else when the database has given more. */
@Injectable()
export class BlockRoom {
  constructor(
    private readonly book: BlockBook,
    private readonly funds: BlockFunds,
    private readonly clock: Clock,
  ) {}

  /** Without SQL; undefined when the purse's block has not so much free. */
  enter(purse: Purse, micro: number): BlockAdmission | undefined {
    const block = this.book.findWith(purse.id, micro);
    if (!block) return undefined;
    block.reserve(micro);
    block.inFlight++;
    this.touch(block);
    return new BlockAdmission(block, micro, this.clock.elapsed());
  }

  /** @throws insufficient_credits, key_spend_limit_reached, account_frozen */
  enterLater(purse: Purse, micro: number): Promise<BlockAdmission> {
    return this.book.inTurn(purse.id, async () => {
      for (;;) {
        // Whoever was before us in the turn may have brought enough for both; those who need no turn may be faster.
        const admission = this.enter(purse, micro);
        if (admission) return admission;
        await this.funds.obtain(purse, micro);
      }
    });
  }

  /** Gives an admission more from its own block. */
  take(admission: BlockAdmission, byMicro: number): boolean {
    const { block } = admission;
    if (block.isLost || block.isSuspended || block.freeMicro < byMicro) return false;
    admission.grow(byMicro);
    return true;
  }

  /** @throws insufficient_credits, key_spend_limit_reached, account_frozen; and whatever the database says */
  takeLater(admission: BlockAdmission, byMicro: number): Promise<void> {
    const { purse } = admission.block;
    return this.book.inTurn(purse.id, async () => {
      while (admission.isOpen && !this.take(admission, byMicro)) await this.funds.obtain(purse, byMicro);
    });
  }

  touch(block: Block): void {
    block.lastUsedAt = this.clock.now();
  }
}
