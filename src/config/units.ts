const milliseconds: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const bytes: Readonly<Record<string, number>> = { KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 }

export const durationPattern = '^[1-9][0-9]{0,5}[smhd]$'
export const sizePattern = '^[1-9][0-9]{0,5}(KB|MB|GB)$'

/** Milliseconds of a duration that matches `durationPattern`. */
export function parseDuration(text: string): number {
  return Number.parseInt(text, 10) * (milliseconds[text.slice(-1)] ?? Number.NaN)
}

/** Bytes of a size that matches `sizePattern`; a KB is 1024 bytes. */
export function parseSize(text: string): number {
  return Number.parseInt(text, 10) * (bytes[text.slice(-2)] ?? Number.NaN)
}
