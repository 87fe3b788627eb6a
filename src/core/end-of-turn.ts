let tasks: (() => void)[] = []

/**
 * Does something when this turn of the event loop has read what there was to read. What is written then, one right after
 * the other, finds its readers awake: to wake a process for each write, on another core, costs more than the write.
 */
export function atEndOfTurn(task: () => void): void {
  if (tasks.length === 0) setImmediate(doAll)
  tasks.push(task)
}

function doAll(): void {
  const now = tasks
  tasks = []
  for (const task of now) task()
}
