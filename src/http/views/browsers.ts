import { type Html, html } from './html.ts'
import { icon } from './icons.ts'
import { safeHref } from './links.ts'
import { moment, rows } from './rows.ts'
import { words } from './words.ts'

/** A browser in which the user is signed in. `endHref` takes a POST; without it there is no button. */
export interface BrowserEntry {
  readonly name: string | undefined
  readonly isThisOne: boolean
  readonly signedInAt: Date
  readonly lastUsedAt?: Date | undefined
  readonly endHref?: string | undefined
}

/** More than anyone looks through. */
const shown = 24

/** The browsers with a way to end each, and one to end them all. `signOutHref` takes the POST of that. */
export function browsersSection(browsers: readonly BrowserEntry[], signOutHref: string): Html {
  const text = words.browsers
  const more = browsers.length - shown
  return html`<section aria-labelledby="browsers"><h2 id="browsers">${text.heading}</h2>
<ul class="cards">${browsers.slice(0, shown).map(card)}</ul>
</section>
${more > 0 && html`<p class="muted">${text.more(more)}</p>`}
<p class="muted">${text.everywhereMeans}</p>
<form method="post" action="${safeHref(signOutHref)}">
<button class="button" name="everywhere" value="true">${text.everywhere}</button>
</form>`
}

function card({ name, isThisOne, signedInAt, lastUsedAt, endHref }: BrowserEntry): Html {
  const text = words.browsers
  const called = name ?? text.unknown
  const address = endHref === undefined ? undefined : safeHref(endHref)
  const facts = rows([
    [text.signedInAt, moment(signedInAt)],
    [text.lastUsedAt, lastUsedAt && moment(lastUsedAt)],
  ])
  return html`<li class="card">
<div class="lead"><span class="mark quiet">${icon('browser')}</span><div><h3>${called}</h3></div>
${isThisOne && html`<span class="badge good">${text.thisOne}</span>`}</div>
${facts}
${
  address !== undefined &&
  html`<div class="actions"><form method="post" action="${address}"><button class="button" aria-label="${text.end}: ${called}">${text.end}</button></form></div>`
}
</li>`
}
