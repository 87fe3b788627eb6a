import { type Fragment, html } from './html.ts'
import { words } from './words.ts'

/** Facts as terms with their values; those without a value are left out, and with none there is no list. */
export function rows(entries: readonly (readonly [term: string, value: Fragment])[]): Fragment {
  const known = entries.filter(([, value]) => value !== undefined && value !== false)
  return (
    known.length > 0 &&
    html`<dl class="rows">${known.map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>`
  )
}

/** A moment, to the second, as people and programs read it. */
export function moment(time: Date): Fragment {
  return html`<time datetime="${time.toISOString()}">${words.layout.time(time)}</time>`
}
