import { SqlStore } from './sql.store.js';

export const SESSION_STORE_CLASSES = [SqlStore];
