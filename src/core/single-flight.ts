/** Runs at most one task per key at a time: whoever asks meanwhile gets the same promise. */
export function createSingleFlight<T>(): (key: string, task: () => Promise<T>) => Promise<T> {
  const running = new Map<string, Promise<T>>()
  return (key, task) => {
    const current = running.get(key)
    if (current !== undefined) return current
    const promise = task().finally(() => running.delete(key))
    running.set(key, promise)
    return promise
  }
}
