/** The ways in which a text is put to a server, by the names they go by in `dialect`. */
export const DIALECTS = ['oip-infer', 'oip-generate', 'oip-grpc', 'openai'] as const;
export type Dialect = (typeof DIALECTS)[number];

/** What `dialect` may say. */
export const DIALECT_CHOICES = ['auto', ...DIALECTS] as const;

/** Endings of paths that leave no doubt. */
const ENDINGS: readonly (readonly [RegExp, Dialect])[] = [
  [/\/infer$/, 'oip-infer'],
  [/\/generate(?:_stream)?$/, 'oip-generate'],
  [/\/completions$/, 'openai'],
];

export function dialectOfPath(path: string): Dialect | undefined {
  const [bare] = path.split('?', 1);
  return ENDINGS.find(([ending]) => ending.test(bare))?.[1];
}
