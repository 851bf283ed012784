export interface Gate {
  opened: Promise<void>;
  open(): void;
}

/** A promise that others wait for, opened by hand: for interleavings without sleeping. */
export function gate(): Gate {
  let resolveOpened = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    resolveOpened = resolve;
  });
  return { opened, open: () => resolveOpened() };
}
