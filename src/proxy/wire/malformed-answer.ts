/** An upstream's bytes are not an HTTP/1.1 answer that could be passed on without doubt about where it ends. */
export class MalformedAnswer extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MalformedAnswer';
  }
}
