import type { InjectionToken, Provider, Type } from '@nestjs/common';

/**
 * Injects the members of a family as one array under `token`, in the order of the list. Nest has no
 * multi-providers: registering the same token twice silently keeps the last.
 */
export function provideAll<T>(token: InjectionToken, members: readonly Type<T>[]): Provider[] {
  const list: Provider = {
    provide: token,
    useFactory: (...instances: T[]) => instances,
    inject: [...members],
  };
  return [...members, list];
}
