import { UsersService } from '../../../users/users.service.js';
import { UserView } from '../../../users/user.view.js';
import type { AdminCommand } from '../command.js';

export const makeAdmin: AdminCommand = {
  name: 'make-admin',
  summary: 'give an account the rights of an administrator',
  arguments: ['EMAIL'],
  async run({ args: [email], open, output }) {
    const user = await (await open()).get(UsersService).makeAdmin(email);
    await output.result({ user: UserView.from(user) }, () =>
      output.line(`${user.email} is an administrator`),
    );
  },
};
