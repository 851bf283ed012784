import { MODE_FLAGS, type FlagSpecs } from '../flags.js';

export const ADMIN_FLAGS = {
  ...MODE_FLAGS,
  json: { kind: 'switch', help: 'print JSON' },
  help: { kind: 'switch', aliases: ['h'], help: 'print this text' },
} as const satisfies FlagSpecs;
