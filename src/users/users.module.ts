import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { PasswordHasher } from './passwords/password-hasher.js';
import { PasswordPolicy } from './passwords/password-policy.js';
import { PasswordService } from './passwords/password.service.js';
import { User } from './user.entity.js';
import { UserChanges } from './user-changes.js';
import { UserIdentities } from './user-identities.js';
import { UserRepository } from './user.repository.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [AuditModule, TypeOrmModule.forFeature([User])],
  providers: [
    UserRepository,
    UserChanges,
    UserIdentities,
    PasswordHasher,
    PasswordPolicy,
    PasswordService,
    UsersService,
  ],
  exports: [UsersService, UserIdentities, PasswordService],
})
export class UsersModule {}
