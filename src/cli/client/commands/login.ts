import { defineCommand } from '../command.js';
import { span } from '../format.js';
import type { LoginAnswer } from '../wire.js';

export const login = defineCommand({
  name: 'login',
  summary: 'get tokens for an account',
  arguments: [{ name: 'EMAIL' }, { name: 'PASSWORD' }],
  needs: 'nothing',
  flags: {},
  async run({ api, args: [email, password], output }) {
    const options = { body: { email, password } };
    const answer = await api.request<LoginAnswer>('POST', '/api/v1/auth/login', options);
    await output.answer(answer, ({ tokens, must_change }) => {
      output.fields([
        ['access token', tokens.access_token],
        ['refresh token', tokens.refresh_token],
        ['expires in', span(tokens.expires_in * 1000)],
      ]);
      if (must_change)
        output.line(output.paint.yellow('This password has to be changed before anything else works.'));
      output.note('Make a key with: -token ACCESS_TOKEN create-key NAME');
    });
  },
});
