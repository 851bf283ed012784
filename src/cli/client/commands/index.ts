import type { Command } from '../command.js';
import { cancel } from './cancel.js';
import { chat } from './chat.js';
import { create } from './create.js';
import { createKey } from './create-key.js';
import { credits } from './credits.js';
import { destroy } from './destroy.js';
import { extend } from './extend.js';
import { health } from './health.js';
import { help } from './help.js';
import { keys } from './keys.js';
import { lbStrategy } from './lb-strategy.js';
import { list } from './list.js';
import { load } from './load.js';
import { login } from './login.js';
import { logs } from './logs.js';
import { pools } from './pools.js';
import { proxy } from './proxy.js';
import { register } from './register.js';
import { rental } from './rental.js';
import { rentals } from './rentals.js';
import { reservations } from './reservations.js';
import { reserve } from './reserve.js';
import { sessions } from './sessions.js';
import { usage } from './usage.js';
import { version } from './version.js';

/** All commands, in the order in which the help lists them. */
export const COMMANDS: readonly Command[] = [
  list,
  create,
  destroy,
  rentals,
  rental,
  extend,
  logs,
  reserve,
  reservations,
  cancel,
  pools,
  load,
  lbStrategy,
  proxy,
  chat,
  credits,
  usage,
  sessions,
  register,
  login,
  createKey,
  keys,
  health,
  version,
  help,
];
