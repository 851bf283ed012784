import { Injectable } from '@nestjs/common';
import { CredentialStrategy } from './credential.strategy.js';

/** Access tokens of logins: `Authorization: Bearer <jwt>`. */
@Injectable()
export class JwtStrategy extends CredentialStrategy {
  override readonly name = 'jwt';
  protected override readonly kind = 'jwt';
}
