import { DomainError } from '../../../../common/domain-error.js';
import { invalidProxyRequest } from '../../../proxy.errors.js';

export const badField = (field: string, message: string): DomainError =>
  invalidProxyRequest([{ field, message }]);

/** Neither a text tensor nor an OpenAI-compatible route was found. */
export const noTextDialect = (model: string, probed: readonly string[]): DomainError =>
  new DomainError(
    'no_text_dialect',
    422,
    `Nothing at the target takes a text for the model ${model}: ${probed.join(', ')}. Name a dialect if you know better.`,
    { data: { probed } },
  );

/** A model for texts cannot tell who said what. */
export const messagesNotTaken = (dialect: string): DomainError =>
  new DomainError(
    'messages_not_supported',
    422,
    `${dialect} takes a text and no messages: send prompt, or chat_template "plain" to have them written one below the other.`,
  );

/** It answered, but in another protocol. */
export const notOpenInference = (cause?: unknown): DomainError =>
  new DomainError(
    'upstream_protocol_error',
    502,
    'The upstream sent an answer that is not of the protocol it was asked in.',
    { headers: { 'proxy-status': 'gpuproxy; error=http_protocol_error' }, cause },
  );

/** The stream itself says so; its status was 200 already. */
export const failedInStream = (detail: string): DomainError =>
  new DomainError('upstream_failed', 502, detail);
