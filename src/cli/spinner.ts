const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const frameMs = 80

/** Shows that something is under way, on a terminal only, and leaves no trace of it. */
export async function spinWhile<Result>(text: string, work: Promise<Result>): Promise<Result> {
  const { stdout, stderr } = process
  if (!stdout.isTTY || !stderr.isTTY) return work
  let frame = 0
  const timer = setInterval(() => {
    stderr.write(`\r${frames[frame % frames.length]} ${text}`)
    frame += 1
  }, frameMs)
  try {
    return await work
  } finally {
    clearInterval(timer)
    stderr.write('\r\x1b[K')
  }
}
