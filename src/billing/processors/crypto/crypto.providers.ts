import { Chains } from './chain/chains.js';
import { CryptoPlanner } from './crypto-planner.js';
import { ArrivalCheck } from './deposits/arrival-check.js';
import { CryptoDepositRepository } from './deposits/crypto-deposit.repository.js';
import { DepositAnnouncer } from './deposits/deposit-announcer.js';
import { DepositBooks } from './deposits/deposit-books.js';
import { DepositCreditor } from './deposits/deposit-creditor.js';
import { DepositRecorder } from './deposits/deposit-recorder.js';
import { DepositReverser } from './deposits/deposit-reverser.js';
import { PaymentReversal } from './deposits/payment-reversal.js';
import { CryptoInvoiceRepository } from './invoices/crypto-invoice.repository.js';
import { DepositAddresses } from './invoices/deposit-addresses.js';
import { InvoiceOpener } from './invoices/invoice-opener.js';
import { ChainCursors } from './watch/chain-cursors.js';
import { ChainWatch } from './watch/chain-watch.js';
import { CoinScan } from './watch/coin-scan.js';
import { CreditRules } from './watch/credit-rules.js';
import { CreditedGuard } from './watch/credited-guard.js';
import { CryptoWatchJob } from './watch/crypto-watch.job.js';
import { DepositSettling } from './watch/deposit-settling.js';
import { DepositTracker } from './watch/deposit-tracker.js';
import { InvoiceExpiry } from './watch/invoice-expiry.js';
import { TokenScan } from './watch/token-scan.js';
import { WatchSteps } from './watch/watch-steps.js';

const INVOICES = [Chains, CryptoPlanner, CryptoInvoiceRepository, DepositAddresses, InvoiceOpener];
const DEPOSITS = [
  ArrivalCheck,
  CryptoDepositRepository,
  DepositAnnouncer,
  DepositBooks,
  DepositCreditor,
  DepositRecorder,
  DepositReverser,
  PaymentReversal,
];
const WATCH = [
  ChainCursors,
  ChainWatch,
  CoinScan,
  CreditRules,
  CreditedGuard,
  CryptoWatchJob,
  DepositSettling,
  DepositTracker,
  InvoiceExpiry,
  TokenScan,
  WatchSteps,
];

/** What CryptoProcessor consists of, for the module that it belongs to. */
export const CRYPTO_PROVIDERS = [...INVOICES, ...DEPOSITS, ...WATCH];
