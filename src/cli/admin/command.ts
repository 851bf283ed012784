import type { INestApplicationContext } from '@nestjs/common';
import type { AppConfig } from '../../config/config.js';
import type { AdminOutput } from './output.js';

/** What a command works with. The services behind `app` are the daemon's own; `open` starts them on first use. */
export interface AdminContext {
  args: readonly string[];
  config: AppConfig;
  output: AdminOutput;
  /** Text of standard input, for passwords that must not show in the list of processes. */
  readInput(): Promise<string>;
  open(): Promise<INestApplicationContext>;
}

/** One verb of the admin program; it works on the database directly and is safe beside a running daemon. */
export interface AdminCommand {
  /** One or two words, e.g. `ledger verify`. */
  name: string;
  /** One line for the help. */
  summary: string;
  /** As the usage text calls them; those in brackets may be left out. */
  arguments: readonly string[];
  /** It needs the secret that API keys are hashed with; without one, the developer's secret file is made. */
  needsSecret?: boolean;
  /** Resolves to false when it did its work and the finding is bad: the program then ends with 1. */
  run(context: AdminContext): Promise<void | boolean>;
}
