import 'reflect-metadata';

/** What `.env.example` and error messages know about a variable. */
export interface VariableDescription {
  name: string;
  group: string;
  comment: string;
  /** The value may also be given as the path of a file in `NAME_FILE`. */
  isSecret: boolean;
}

const VARIABLES = Symbol('variables');

/** Declares a field of `Environment` as a variable: its section in `.env.example` and what it means. */
export function Variable(
  group: string,
  comment: string,
  options: { isSecret?: boolean } = {},
): PropertyDecorator {
  return (target, name) => {
    const known = describeVariables(target);
    const description = { name: String(name), group, comment, isSecret: options.isSecret ?? false };
    Reflect.defineMetadata(VARIABLES, [...known, description], target);
  };
}

/** Every variable of a class, in the order in which it is written there. */
export function describeVariables(prototype: object): readonly VariableDescription[] {
  return (Reflect.getMetadata(VARIABLES, prototype) as VariableDescription[] | undefined) ?? [];
}
