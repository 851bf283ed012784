/** What a terminal would obey, made visible as a blank: texts of farms, upstreams and servers are not ours. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}
