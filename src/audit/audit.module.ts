import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SecretsModule } from '../secrets/secrets.module.js';
import { AuditEntry } from './audit-entry.entity.js';
import { AuditHead } from './audit-head.entity.js';
import { AuditLog } from './audit-log.js';
import { AuditNotes } from './audit-notes.js';
import { AuditReader } from './audit-reader.js';
import { AuditVerifier } from './audit-verifier.js';
import { AuditRepository } from './audit.repository.js';
import { ConfigurationRecord } from './configuration-record.js';

/** What happened, by whom and from where, in a chain that cannot be changed unnoticed. */
@Module({
  imports: [SecretsModule, TypeOrmModule.forFeature([AuditEntry, AuditHead])],
  providers: [AuditRepository, AuditLog, AuditNotes, AuditReader, AuditVerifier, ConfigurationRecord],
  exports: [AuditLog, AuditReader, AuditVerifier, ConfigurationRecord],
})
export class AuditModule {}
