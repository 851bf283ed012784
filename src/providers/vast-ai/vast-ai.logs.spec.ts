import { describe, expect, it } from 'vitest';
import { isLogUrl } from './vast-ai.logs.js';

describe('isLogUrl', () => {
  it.each([
    ['https://s3.amazonaws.com/vast.ai/instance_logs/6f1c0b0e.log', true],
    ['https://vast-logs.s3.us-west-2.amazonaws.com/x.log?X-Amz-Signature=1', true],
    ['https://vast-logs.s3-eu-central-1.amazonaws.com/x.log', true],
    ['https://logs.vast.ai/x.log', true],
    ['http://127.0.0.1:4567/instance_logs/x.log', true],
    ['http://s3.amazonaws.com/x.log', false],
    ['https://s3.amazonaws.com:8443/x.log', false],
    ['https://s3.amazonaws.com.evil.example/x.log', false],
    ['https://ec2-10-0-0-1.compute.amazonaws.com/x.log', false],
    ['https://evil-vast.ai/x.log', false],
    ['https://user:pass@logs.vast.ai/x.log', false],
    ['http://127.0.0.1:4568/x.log', false],
    ['http://169.254.169.254/latest/meta-data', false],
    ['file:///etc/passwd', false],
    ['not a url', false],
  ])('%s: %s', (url, isTrusted) => {
    expect(isLogUrl(url, 'http://127.0.0.1:4567')).toBe(isTrusted);
  });
});
