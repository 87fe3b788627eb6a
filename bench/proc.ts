import { readFileSync, writeFileSync } from 'node:fs'

/** What `/proc/PID/stat` counts in: USER_HZ, which is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100

/** A process and all that it started, proc(5). */
export function treeOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return [pid, ...(children === '' ? [] : children.split(' ').flatMap((child) => treeOf(Number(child))))]
}

/** CPU time in user and system mode that these processes have used so far. Seconds. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name may hold spaces; after it, utime and stime are fields 12 and 13.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return sum + (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  }, 0)
}

/** Memory that these processes hold. MB (10⁶ bytes). */
export function residentMb(pids: readonly number[]): number {
  return sumOf(pids, 'VmRSS')
}

/** The most that each of these processes has held since `forgetPeak`, summed. MB. */
export function peakMb(pids: readonly number[]): number {
  return sumOf(pids, 'VmHWM')
}

/** Has the kernel count the peak anew. */
export function forgetPeak(pids: readonly number[]): void {
  for (const pid of pids) writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

function sumOf(pids: readonly number[], field: 'VmRSS' | 'VmHWM'): number {
  const kilobytes = pids.map((pid) => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0)
  })
  return (kilobytes.reduce((sum, kb) => sum + kb, 0) * 1024) / 1e6
}

/** Time that the machine's host gave to others, of all CPU time so far, both in ticks. */
export function stolen(): { readonly steal: number; readonly total: number } {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number)
  return { steal: ticks[7] ?? 0, total: ticks.reduce((sum, n) => sum + n, 0) }
}
