import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { PaymentRenewal, type RenewalState } from './renewal.entity.js';

const IN_FLIGHT: readonly RenewalState[] = ['open', 'requires_action'];

@Injectable()
export class RenewalRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Inserts the renewal unless its key is taken or the user has another one in flight. */
  async insertMissing(renewal: PaymentRenewal): Promise<void> {
    const { manager } = this.unitOfWork;
    await manager.createQueryBuilder().insert().into(PaymentRenewal).values(renewal).orIgnore().execute();
  }

  findByKey(renewKey: string): Promise<PaymentRenewal | null> {
    return this.unitOfWork.manager.findOneBy(PaymentRenewal, { renewKey });
  }

  inFlight(): Promise<PaymentRenewal[]> {
    return this.unitOfWork.manager.findBy(PaymentRenewal, { state: In([...IN_FLIGHT]) });
  }

  /** Begins a try; false when somebody else has. */
  async beginTry({ id, tries }: PaymentRenewal, tryAt: number, updatedAt: number): Promise<boolean> {
    const { affected } = await this.unitOfWork.manager.update(
      PaymentRenewal,
      { id, tries, state: 'open' },
      { tries: tries + 1, tryAt, paymentId: null, updatedAt },
    );
    return affected === 1;
  }

  async change(id: string, changes: Partial<PaymentRenewal>): Promise<void> {
    await this.unitOfWork.manager.update(PaymentRenewal, { id }, changes);
  }

  async remove(id: string): Promise<void> {
    await this.unitOfWork.manager.delete(PaymentRenewal, { id });
  }
}
