import type { AdminCommand } from '../command.js';
import { auditList } from './audit-list.js';
import { auditVerify } from './audit-verify.js';
import { backup } from './backup.js';
import { createApiKey } from './create-apikey.js';
import { createUser } from './create-user.js';
import { grant } from './grant.js';
import { ledgerVerify } from './ledger-verify.js';
import { makeAdmin } from './make-admin.js';
import { migrate } from './migrate.js';
import { secretsRotate } from './secrets-rotate.js';
import { stats } from './stats.js';
import { usage } from './usage.js';
import { users } from './users.js';

/** Every command of the admin program, in the order of its help. */
export const ADMIN_COMMANDS: readonly AdminCommand[] = [
  users,
  createUser,
  makeAdmin,
  createApiKey,
  usage,
  stats,
  migrate,
  grant,
  ledgerVerify,
  auditList,
  auditVerify,
  secretsRotate,
  backup,
];
