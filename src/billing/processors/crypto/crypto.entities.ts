import { CryptoDeposit } from './deposits/crypto-deposit.entity.js';
import { AddressSequence } from './invoices/address-sequence.entity.js';
import { CryptoInvoice } from './invoices/crypto-invoice.entity.js';
import { ChainCursor } from './watch/chain-cursor.entity.js';

export const CRYPTO_ENTITIES = [AddressSequence, CryptoInvoice, CryptoDeposit, ChainCursor];
