import { isModel } from '../offer-filters.js';

/**
 * GPU names as they stand on vast.ai's wire (with spaces), from its catalogue. They narrow a search for a model when
 * the market is too large to be read whole; names that were met in answers are added at run time.
 */
const CATALOGUE = [
  'A10',
  'A100 PCIE',
  'A100 SXM4',
  'A100X',
  'A30',
  'A40',
  'B200',
  'B300 SXM6',
  'GH200 SXM',
  'H100 NVL',
  'H100 PCIE',
  'H100 SXM',
  'H200',
  'H200 NVL',
  'L4',
  'L40',
  'L40S',
  'MI250X',
  'MI300X',
  'Q RTX 6000',
  'Q RTX 8000',
  'RTX 2060',
  'RTX 2060S',
  'RTX 2070',
  'RTX 2070S',
  'RTX 2080',
  'RTX 2080 Ti',
  'RTX 2080S',
  'RTX 3050',
  'RTX 3060',
  'RTX 3060 laptop',
  'RTX 3060 Ti',
  'RTX 3070',
  'RTX 3070 Ti',
  'RTX 3080',
  'RTX 3080 Ti',
  'RTX 3090',
  'RTX 3090 Ti',
  'RTX 4000Ada',
  'RTX 4060',
  'RTX 4060 Ti',
  'RTX 4070',
  'RTX 4070 Ti',
  'RTX 4070S',
  'RTX 4070S Ti',
  'RTX 4080',
  'RTX 4080S',
  'RTX 4090',
  'RTX 4090D',
  'RTX 4500Ada',
  'RTX 5000Ada',
  'RTX 5060',
  'RTX 5060 Ti',
  'RTX 5070',
  'RTX 5070 Ti',
  'RTX 5080',
  'RTX 5090',
  'RTX 5880Ada',
  'RTX 6000Ada',
  'RTX A2000',
  'RTX A4000',
  'RTX A4500',
  'RTX A5000',
  'RTX A6000',
  'RTX PRO 4000',
  'RTX PRO 4500',
  'RTX PRO 5000',
  'RTX PRO 6000 S',
  'RTX PRO 6000 WS',
  'Tesla P100',
  'Tesla P40',
  'Tesla T4',
  'Tesla V100',
  'Titan RTX',
  'Titan V',
  'Titan Xp',
] as const;

export class VastGpuNames {
  private readonly known = new Set<string>(CATALOGUE);

  learn(name: string): void {
    this.known.add(name);
  }

  /** The known names that contain what a caller wrote. */
  matching(model: string): string[] {
    return [...this.known].filter((name) => isModel(name, model));
  }
}
