/** A model as the server that has loaded it describes it. */
export interface ServedModel {
  id: string;
  /** Epoch seconds; 0 = not told. */
  created: number;
  ownedBy: string;
}

export const UNKNOWN_OWNER = 'gpuproxy';

/** What a server may tell; the rest of a longer list is left out. */
const MOST_MODELS = 1000;
const LONGEST_ID = 256;
const PRINTABLE = /^[^\p{Cc}]+$/u;

/** Reads the answer to GET /v1/models; undefined when it is no list of models. */
export function readModelListing(body: string): ServedModel[] | undefined {
  const data = (parse(body) as { data?: unknown } | null | undefined)?.data;
  if (!Array.isArray(data)) return undefined;
  const models = data.slice(0, MOST_MODELS).flatMap((entry) => readModel(entry) ?? []);
  return [...new Map(models.map((model) => [model.id, model])).values()];
}

/** A model that its pool's owner has named, and nobody has described. */
export function declaredModel(id: string): ServedModel {
  return { id, created: 0, ownedBy: UNKNOWN_OWNER };
}

function readModel(entry: unknown): ServedModel | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { id, created, owned_by: ownedBy } = entry as Record<string, unknown>;
  if (typeof id !== 'string' || id.length > LONGEST_ID || !PRINTABLE.test(id)) return undefined;
  return {
    id,
    created: Number.isSafeInteger(created) ? (created as number) : 0,
    ownedBy: typeof ownedBy === 'string' && ownedBy !== '' ? ownedBy.slice(0, LONGEST_ID) : UNKNOWN_OWNER,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
