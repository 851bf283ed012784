/**
 * Stripe's published test numbers and the payment methods that stand for them (docs.stripe.com/testing). With a test
 * key such a number is replaced by its payment method in the first hook, so that examples with numbers work and not
 * even these go any further.
 */
export const TEST_CARDS: ReadonlyMap<string, string> = new Map([
  ['4242424242424242', 'pm_card_visa'],
  ['5555555555554444', 'pm_card_mastercard'],
  ['378282246310005', 'pm_card_amex'],
  ['4000000000000002', 'pm_card_visa_chargeDeclined'],
  ['4000000000009995', 'pm_card_visa_chargeDeclinedInsufficientFunds'],
  ['4000002760003184', 'pm_card_authenticationRequired'],
  ['4000000000000259', 'pm_card_createDispute'],
]);
