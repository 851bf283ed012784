/** `reconciler.orphan_found`: a farm has a contract of ours that no rental claims. */
export const ORPHAN_FOUND = 'reconciler.orphan_found';

export interface OrphanFound {
  provider: string;
}
