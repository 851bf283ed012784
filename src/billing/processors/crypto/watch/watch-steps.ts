import { Injectable } from '@nestjs/common';
import { CoinScan } from './coin-scan.js';
import { CreditedGuard } from './credited-guard.js';
import { DepositSettling } from './deposit-settling.js';
import { InvoiceExpiry } from './invoice-expiry.js';
import { TokenScan } from './token-scan.js';

/** What a round consists of. */
@Injectable()
export class WatchSteps {
  constructor(
    readonly tokens: TokenScan,
    readonly coins: CoinScan,
    readonly settling: DepositSettling,
    readonly guard: CreditedGuard,
    readonly expiry: InvoiceExpiry,
  ) {}
}
