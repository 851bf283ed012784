import { AuditPart } from './audit.part.js';
import { BillingPart } from './billing.part.js';
import { CreditsPart } from './credits.part.js';
import { GpuPart } from './gpu.part.js';
import { IdentityPart } from './identity.part.js';

/** Everything that there is about a user, in the order of the document. */
export const EXPORT_PART_CLASSES = [IdentityPart, CreditsPart, BillingPart, GpuPart, AuditPart];
