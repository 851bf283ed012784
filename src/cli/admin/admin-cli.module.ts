import { Module, type DynamicModule } from '@nestjs/common';
import { AuthModule } from '../../auth/auth.module.js';
import type { AppConfig } from '../../config/config.js';
import { ConfigModule } from '../../config/config.module.js';
import { CreditsModule } from '../../credits/credits.module.js';
import { DatabaseModule } from '../../database/database.module.js';
import { UsersModule } from '../../users/users.module.js';

/** The daemon's own services, as far as an operator needs them. No job runs and nothing listens. */
@Module({})
export class AdminCliModule {
  static forRoot(config: AppConfig): DynamicModule {
    return {
      module: AdminCliModule,
      imports: [
        ConfigModule.forRoot(config),
        DatabaseModule.forRoot(config),
        UsersModule,
        AuthModule,
        CreditsModule,
      ],
    };
  }
}
