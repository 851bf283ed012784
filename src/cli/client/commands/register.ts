import { defineCommand } from '../command.js';
import { printable } from '../../printable.js';
import type { User } from '../wire.js';

export const register = defineCommand({
  name: 'register',
  summary: 'open an account',
  arguments: [{ name: 'EMAIL' }, { name: 'PASSWORD' }, { name: 'NAME', isRest: true }],
  needs: 'nothing',
  flags: {},
  async run({ api, args: [email, password, name], output }) {
    const options = { body: { email, password, name } };
    const answer = await api.request<{ user: User }>('POST', '/api/v1/auth/register', options);
    await output.answer(answer, ({ user }) => {
      output.fields([
        ['user', user.id],
        ['email', printable(user.email)],
        ['name', printable(user.name)],
      ]);
      output.note('Log in with: login EMAIL PASSWORD');
    });
  },
});
