/** The prepaid credit of the one customer a simulated farm has. Integer micro-dollars. */
export class FarmAccount {
  constructor(public creditMicro: number) {}

  canPay(amountMicro: number): boolean {
    return this.creditMicro >= amountMicro;
  }

  spend(amountMicro: number): void {
    this.creditMicro -= amountMicro;
  }

  refund(amountMicro: number): void {
    this.creditMicro += amountMicro;
  }
}
