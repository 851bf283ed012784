import { Injectable } from '@nestjs/common';
import { CredentialStrategy } from './credential.strategy.js';

/** API keys: `X-API-Key: <key>` or `Authorization: Bearer <key>`. */
@Injectable()
export class ApiKeyStrategy extends CredentialStrategy {
  override readonly name = 'api-key';
  protected override readonly kind = 'api_key';
}
