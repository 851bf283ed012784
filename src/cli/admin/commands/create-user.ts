import { isEmail } from 'class-validator';
import { UsageError } from '../../flags.js';
import { UsersService } from '../../../users/users.service.js';
import { UserView } from '../../../users/user.view.js';
import type { AdminCommand } from '../command.js';

/** In place of the password: read it from standard input, so that it does not show in the list of processes. */
const FROM_INPUT = '-';

export const createUser: AdminCommand = {
  name: 'create-user',
  summary:
    'make an account; a weak password has to be changed at the first login (- reads it from standard input)',
  arguments: ['EMAIL', 'PASSWORD', 'NAME'],
  async run({ args: [email, given, name], open, output, readInput }) {
    if (!isEmail(email)) throw new UsageError(`EMAIL is an email address, not "${email}"`);
    const password = given === FROM_INPUT ? (await readInput()).trim() : given;
    if (password === '') throw new UsageError('PASSWORD is empty');
    const user = await (await open()).get(UsersService).createByOperator(email, password, name);
    if (user.mustChangePassword) {
      output.warn('warning: the password breaks the rules; it opens nothing but the change of the password');
    }
    await output.result({ user: UserView.from(user), must_change: user.mustChangePassword }, () =>
      output.line(`created ${user.email} (${user.id})`),
    );
  },
};
