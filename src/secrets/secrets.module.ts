import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PersonalKey } from './personal-key.entity.js';
import { PersonalVault } from './personal-vault.js';
import { Resealer } from './resealer.js';
import { SecretBox } from './secret-box.js';

@Module({
  imports: [TypeOrmModule.forFeature([PersonalKey])],
  providers: [SecretBox, PersonalVault, Resealer],
  exports: [SecretBox, PersonalVault, Resealer],
})
export class SecretsModule {}
