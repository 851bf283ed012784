import { MIGRATIONS } from '../../../../migrations/index.js';
import { migrateDatabase } from '../../../database/migrate.js';
import type { AdminCommand } from '../command.js';

export const migrate: AdminCommand = {
  name: 'migrate',
  summary: 'bring the schema up to date',
  arguments: [],
  async run({ config, output }) {
    const ran = await migrateDatabase(config.database, MIGRATIONS);
    await output.result({ migrations: ran }, () => {
      ran.forEach((name) => output.line(`applied ${name}`));
      output.line(ran.length > 0 ? 'the schema is up to date now' : 'the schema was up to date');
    });
  },
};
