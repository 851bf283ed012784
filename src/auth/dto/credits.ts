import { ValidateBy } from 'class-validator';
import { microFromCredits } from '../../common/money.js';

/** An amount of credits that is not negative, with at most six decimals. */
export const IsCredits = (): PropertyDecorator =>
  ValidateBy({
    name: 'isCredits',
    validator: {
      validate: isCredits,
      defaultMessage: () => '$property must be an amount such as 50 or 0.000001, with at most 6 decimals',
    },
  });

function isCredits(value: unknown): boolean {
  if (typeof value !== 'number') return false;
  try {
    return microFromCredits(value) >= 0;
  } catch {
    return false;
  }
}
