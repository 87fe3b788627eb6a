import { type Html, raw } from './html.ts'

/** Drawn on 24 × 24, stroked by the stylesheet. They only repeat what the words beside them say. */
const shapes = {
  alert: '<path d="M12 4 21 19.5H3Z M12 10v4 M12 16.7v.1"/>',
  arrow: '<path d="M5 12h14 m-6-6 6 6-6 6"/>',
  browser: '<rect x="3.5" y="5" width="17" height="14" rx="2"/><path d="M3.5 9.5h17"/>',
  check: '<path d="m5 12.5 4.5 4.5L19 7.5"/>',
  clock: '<circle cx="12" cy="12" r="8.5"/><path d="M12 7.5V12l3 2"/>',
  cross: '<path d="m6.5 6.5 11 11 m0-11-11 11"/>',
  leave: '<path d="M14 4h4a1.5 1.5 0 0 1 1.5 1.5v13A1.5 1.5 0 0 1 18 20h-4 M9.5 8l-4 4 4 4 M6 12h9"/>',
  lock: '<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>',
  minus: '<path d="M6 12h12"/>',
  plug: '<path d="M9 3v5 M15 3v5 M6 8h12v3a6 6 0 0 1-12 0Z M12 17v4"/>',
  search: '<circle cx="11" cy="11" r="6.5"/><path d="m20 20-4.4-4.4"/>',
} as const

/** Name of an icon. */
export type IconName = keyof typeof shapes

/** An icon, hidden from screen readers. */
export function icon(name: IconName): Html {
  return raw(`<svg viewBox="0 0 24 24" aria-hidden="true">${shapes[name]}</svg>`)
}
