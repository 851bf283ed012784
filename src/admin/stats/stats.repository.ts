import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../database/unit-of-work.js';

type CountedTable = 'users' | 'usage_records';
type Row = Record<'name' | 'count', string | number>;

/** Counts of rows, of whatever module they are. */
@Injectable()
export class StatsRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async count(table: CountedTable): Promise<number> {
    const query = this.unitOfWork.manager.createQueryBuilder().select('COUNT(*)', 'count').from(table, 'row');
    return Number((await query.getRawOne<Row>())?.count ?? 0);
  }

  async rentalsByState(): Promise<Record<string, number>> {
    const rows = await this.unitOfWork.manager
      .createQueryBuilder()
      .select('rental.state', 'name')
      .addSelect('COUNT(*)', 'count')
      .from('rentals', 'rental')
      .groupBy('rental.state')
      .orderBy('rental.state')
      .getRawMany<Row>();
    return Object.fromEntries(rows.map(({ name, count }) => [String(name), Number(count)]));
  }
}
