import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTable, dropTable } from './table.js';

/** Rentals, reservations, pools and what belongs to their routing. */
export class Gpu1764000000300 implements MigrationInterface {
  name = 'Gpu1764000000300';

  async up(runner: QueryRunner): Promise<void> {
    await createInstallation(runner);
    await createReservations(runner);
    await createRentals(runner);
    await createPools(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of [
      'routing_changes',
      'pool_members',
      'pools',
      'rentals',
      'reservations',
      'installation',
    ]) {
      await dropTable(runner, table);
    }
  }
}

function createInstallation(runner: QueryRunner): Promise<void> {
  return createTable(runner, 'installation', (table) => {
    table.id();
    table.text('mark', { length: 16 });
    table.instant('created_at');
  });
}

function createReservations(runner: QueryRunner): Promise<void> {
  return createTable(runner, 'reservations', (table) => {
    table.id();
    table.reference('user_id', { to: 'users' });
    table.text('pool', { length: 64 });
    table.text('mode', { length: 16 });
    table.count('requested');
    table.text('state', { length: 16 });
    table.text('reason', { nullable: true, length: 64 });
    table.json('filters');
    table.json('providers', { nullable: true });
    table.amount('max_total_price_micro', { nullable: true });
    table.count('time_limit_ms', { nullable: true });
    table.text('config_sealed');
    table.json('errors');
    table.count('replacements_left');
    table.instant('created_at');
    table.instant('rented_at', { nullable: true });
    table.instant('deadline_at');
    table.check('state', "state IN ('pending', 'completed', 'failed')");
    table.check('replacements', 'replacements_left >= 0');
    table.index(['user_id', 'created_at']);
    table.index(['state']);
  });
}

function createRentals(runner: QueryRunner): Promise<void> {
  return createTable(runner, 'rentals', (table) => {
    table.id();
    table.reference('user_id', { to: 'users' });
    table.reference('reservation_id', { nullable: true, to: 'reservations' });
    table.text('provider', { length: 16 });
    table.text('offer_id', { length: 128 });
    table.text('machine_id', { nullable: true, length: 128 });
    table.text('label', { length: 128 });
    table.text('contract_id', { nullable: true, length: 128 });
    table.text('instance_id', { nullable: true, length: 160 });
    table.text('state', { length: 16 });
    table.text('reason', { nullable: true, length: 64 });
    table.instant('since');
    table.flag('is_serving');
    table.instant('contract_gone_at', { nullable: true });
    table.instant('settled_at', { nullable: true });
    table.text('gpu_model', { length: 128 });
    table.count('gpu_count');
    table.real('vram_gb');
    table.text('location', { nullable: true, length: 128 });
    table.amount('price_micro');
    table.amount('provider_price_micro');
    table.count('minimum_hours');
    table.json('origins');
    table.text('health_path', { nullable: true, length: 512 });
    table.count('health_port', { nullable: true });
    table.flag('has_service');
    table.count('time_limit_ms', { nullable: true });
    table.count('duration_hours', { nullable: true });
    table.instant('ends_at', { nullable: true });
    table.instant('created_at');
    table.instant('contract_at', { nullable: true });
    table.instant('running_at', { nullable: true });
    table.instant('served_at', { nullable: true });
    table.instant('ended_at', { nullable: true });
    table.check('price', 'price_micro >= 0 AND provider_price_micro >= 0');
    table.unique(['label']);
    table.unique(['instance_id']);
    table.index(['user_id', 'created_at']);
    table.index(['state']);
    table.index(['reservation_id']);
    table.index(['provider', 'contract_gone_at']);
  });
}

async function createPools(runner: QueryRunner): Promise<void> {
  await createTable(runner, 'pools', (table) => {
    table.id();
    table.reference('user_id', { to: 'users' });
    table.text('name', { length: 64 });
    table.text('strategy', { nullable: true, length: 32 });
    table.text('protocol', { length: 16 });
    table.count('port', { nullable: true });
    table.text('health_path', { nullable: true, length: 512 });
    table.count('health_port', { nullable: true });
    table.json('models', { nullable: true });
    table.text('mcp_path', { length: 512 });
    table.text('upstream_headers_sealed', { nullable: true });
    table.instant('created_at');
    table.unique(['user_id', 'name']);
  });
  await createTable(runner, 'pool_members', (table) => {
    table.id();
    table.reference('pool_id', { to: 'pools', onDelete: 'CASCADE' });
    table.reference('rental_id', { to: 'rentals', onDelete: 'CASCADE' });
    table.unique(['pool_id', 'rental_id']);
    table.index(['rental_id']);
  });
  await createTable(runner, 'routing_changes', (table) => {
    table.id();
    table.instant('changed_at');
  });
}
