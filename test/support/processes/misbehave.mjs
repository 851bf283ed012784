// Loaded into a daemon before its own code: SIGUSR2 makes it misbehave as MISBEHAVE says.
const WAYS = {
  throw: () =>
    setImmediate(() => {
      throw new Error('a bug');
    }),
  reject: () => void Promise.reject(new Error('a bug')),
  block: () => {
    const end = performance.now() + 2000;
    while (performance.now() < end);
  },
};

process.on('SIGUSR2', WAYS[process.env.MISBEHAVE]);
