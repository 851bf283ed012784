import { ApiKeysService } from '../../../auth/api-keys/api-keys.service.js';
import { UsersService } from '../../../users/users.service.js';
import type { AdminCommand } from '../command.js';

export const createApiKey: AdminCommand = {
  name: 'create-apikey',
  summary: 'make an API key for an account; it is shown this once',
  arguments: ['EMAIL', 'NAME'],
  needsSecret: true,
  async run({ args: [email, name], open, output }) {
    const app = await open();
    const user = await app.get(UsersService).requireByEmail(email);
    const { key, text } = await app.get(ApiKeysService).createForUser(user.id, name);
    await output.result({ id: key.id, name: key.name, api_key: text }, () => {
      output.line(text);
      output.warn(`key "${key.name}" of ${user.email}: it is not shown again`);
    });
  },
};
