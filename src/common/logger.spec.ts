import { describe, expect, it } from 'vitest';
import { createLogger, NestPinoLogger, scrubSecrets, type LogLevel } from './logger.js';

function logged(level: LogLevel, write: (logger: NestPinoLogger) => void): string {
  let output = '';
  const stream = { write: (line: string) => void (output += line) };
  write(new NestPinoLogger(createLogger(level, stream)));
  return output;
}

describe('log lines', () => {
  it.each(['debug', 'info'] as const)('hide secrets by field name at level %s', (level) => {
    const output = logged(level, (logger) =>
      logger.warn(
        {
          msg: 'request',
          headers: { authorization: 'Bearer canary', 'x-api-key': 'canary', cookie: 'canary' },
          body: { password: 'canary', token: 'canary', client_secret: 'canary' },
          key: { type: 'canary? no', comment: 'canary' },
        },
        'Test',
      ),
    );
    expect(output).not.toContain('"canary"');
    expect(JSON.parse(output)).toMatchObject({
      msg: 'request',
      key: { type: 'canary? no', unlisted: ['comment'] },
      unlisted: ['headers', 'body'],
    });
  });

  it.each(['debug', 'info'] as const)('redact what is listed by mistake at level %s', (level) => {
    let output = '';
    const stream = { write: (line: string) => void (output += line) };
    createLogger(level, stream).warn({ authorization: 'canary', key: { password: 'canary' } });
    expect(output).not.toContain('canary');
    expect(output).toContain('[redacted]');
  });

  it('show of an error its text and its causes, not the query with its values', () => {
    const cause = Object.assign(new Error('unique'), { code: '23505', detail: 'Key (email)=(canary)' });
    const error = Object.assign(new Error('failed', { cause }), {
      parameters: ['canary'],
      query: 'INSERT canary',
    });
    const output = logged('info', (logger) => logger.error({ msg: 'unexpected error', err: error }, 'Test'));
    expect(output).not.toContain('canary');
    expect(JSON.parse(output)).toMatchObject({
      err: { type: 'Error', message: 'failed', cause: { message: 'unique', code: '23505' } },
    });
    expect(logged('info', (logger) => logger.error(error, 'Test'))).not.toContain('canary');
  });

  it('keep one line whatever a text holds', () => {
    const output = logged('info', (logger) =>
      logger.log({ msg: 'agent curl\r\n{"level":60}', key: 'curl\r\n{"level":60}' }, 'Test'),
    );
    expect(output.trimEnd().split('\n')).toHaveLength(1);
  });

  it('are silent about the framework unless debugging', () => {
    const start = (logger: NestPinoLogger): void =>
      logger.log('Mapped {/health, GET} route', 'RouterExplorer');
    expect(logged('info', start)).toBe('');
    expect(logged('debug', start)).toContain('Mapped');
  });
});

describe('scrubSecrets', () => {
  it.each([
    'gpx_test_0123456789abcdefABCDEF',
    'sk_live_51HqXyZ',
    'whsec_abc123',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig-nature_1',
    '4242424242424242',
    '4242 4242 4242 4242',
    '4242-4242-4242-4242',
    '378282246310005',
  ])('hides %s', (secret) => {
    expect(scrubSecrets(`before ${secret} after`)).toBe('before [redacted] after');
  });

  it.each(['4242424242424241', '1795565213643', '31415926', 'gpx-1a2b3c4d-rental'])('keeps %s', (text) => {
    expect(scrubSecrets(`a ${text} b`)).toBe(`a ${text} b`);
  });
});
