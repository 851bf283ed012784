import { Injectable } from '@nestjs/common';
import { updateTable } from '../database/table-update.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { SecretBox } from './secret-box.js';
import { SEALED_COLUMNS, type SealedColumn } from './sealed-columns.js';

const ROWS_PER_READ = 200;

interface SealedRow {
  id: string;
  sealed: string;
}

/** Seals everything anew with the current key, so that the keys before it can be forgotten. Safe beside a running daemon. */
@Injectable()
export class Resealer {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly box: SecretBox,
  ) {}

  /** Answers how many values of each column were sealed anew. @throws Error for a value that no key opens */
  async run(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const place of SEALED_COLUMNS) counts[`${place.table}.${place.column}`] = await this.reseal(place);
    return counts;
  }

  private async reseal(place: SealedColumn): Promise<number> {
    let count = 0;
    for (
      let page = await this.read(place, '');
      page.length > 0;
      page = await this.read(place, lastIdOf(page))
    ) {
      for (const row of page) if (await this.renew(place, row)) count += 1;
    }
    return count;
  }

  private read({ table, column }: SealedColumn, afterId: string): Promise<SealedRow[]> {
    const query = this.unitOfWork.manager.createQueryBuilder().select('id', 'id').addSelect(column, 'sealed');
    return query
      .from(table, 'row')
      .where(`id > :afterId AND ${column} <> '' AND ${column} NOT LIKE :current`, {
        afterId,
        current: `${this.box.currentPrefix}%`,
      })
      .orderBy('id')
      .limit(ROWS_PER_READ)
      .getRawMany<SealedRow>();
  }

  /** False when somebody changed the value meanwhile: then it was sealed with the current key. */
  private async renew({ table, column, placeOf }: SealedColumn, { id, sealed }: SealedRow): Promise<boolean> {
    const place = placeOf(id);
    const renewed = this.box.seal(this.box.open(sealed, place), place);
    const update = updateTable(this.unitOfWork.manager, table, { [column]: ':renewed' });
    const seen = { id, sealed, renewed };
    const { affected } = await update.where(`id = :id AND ${column} = :sealed`, seen).execute();
    return affected === 1;
  }
}

function lastIdOf(page: readonly SealedRow[]): string {
  return page[page.length - 1].id;
}
