/** A header of an upstream's answer as it came; the first, when there are several. */
export function rawHeader(rawHeaders: readonly string[], name: string): string | undefined {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const raw = rawHeaders[index];
    if (raw.length === name.length && raw.toLowerCase() === name) return rawHeaders[index + 1];
  }
  return undefined;
}

/** All of them but those of one name. */
export function withoutHeader(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, index) => {
    const raw = rawHeaders[index - (index % 2)];
    return raw.length !== name.length || raw.toLowerCase() !== name;
  });
}

export function isEventStream(rawHeaders: readonly string[]): boolean {
  return rawHeader(rawHeaders, 'content-type')?.toLowerCase().startsWith('text/event-stream') ?? false;
}
