import type { HardwareCatalogue, IoNetHardware } from './hardware-catalogue.js';

export interface PriceRequest {
  hardware: IoNetHardware;
  hours: number;
  gpusPerContainer: number;
  replicas: number;
}

export interface IoNetPrice {
  ionetFee: number;
  conversionFee: number;
  /** Dollars for the whole duration, fees included. */
  total: number;
}

/** What a reservation costs: GPU hours, the reservation fee, and the conversion fee on both. */
export function priceOf(
  catalogue: HardwareCatalogue,
  { hardware, hours, gpusPerContainer, replicas }: PriceRequest,
): IoNetPrice {
  const { ionet_fee_percent: feePercent, currency_conversion_fee_percent: conversionPercent } =
    catalogue.fees;
  const compute = hardware.price_per_gpu_hour * gpusPerContainer * replicas * hours;
  const ionetFee = round((compute * feePercent) / 100);
  const conversionFee = round(((compute + ionetFee) * conversionPercent) / 100);
  return { ionetFee, conversionFee, total: round(compute + ionetFee + conversionFee) };
}

const round = (dollars: number): number => Number(dollars.toFixed(6));
