/** Form bodies as the SDK writes them: `a[b][0]=x` is {a: {b: {0: 'x'}}}. */
export type Form = { [name: string]: string | Form | undefined };

export function parseForm(text: string): Form {
  const form: Form = {};
  for (const [name, value] of new URLSearchParams(text))
    put(form, name.split(/\]\[|\[|\]/).filter(Boolean), value);
  return form;
}

export function textOf(form: Form, name: string): string | undefined {
  const value = form[name];
  return typeof value === 'string' ? value : undefined;
}

export function formOf(form: Form, name: string): Form {
  const value = form[name];
  return typeof value === 'object' ? value : {};
}

/** Metadata and the like: names to texts. */
export function mapOf(form: Form, name: string): Record<string, string> {
  return formOf(form, name) as Record<string, string>;
}

function put(form: Form, [name, ...rest]: string[], value: string): void {
  if (rest.length === 0) {
    form[name] = value;
    return;
  }
  const inner = form[name];
  const next: Form = typeof inner === 'object' ? inner : {};
  form[name] = next;
  put(next, rest, value);
}
