import { type Fragment, html } from './html.ts'
import { monogram, page, type Site } from './layout.ts'
import { safeHref } from './links.ts'
import { words } from './words.ts'

/** A provider to sign in with; `href` starts the attempt. */
export interface SignInChoice {
  readonly title: string
  readonly href: string
  readonly lastUsed?: boolean
}

/** Where the person lands afterwards: the tool's title, and the address without its query. */
export interface Landing {
  readonly title: string
  readonly address?: string | undefined
}

/** Choose how to sign in: one large button per provider, the last used one first. */
export function signInPage(site: Site, choices: readonly SignInChoice[], landing?: Landing): string {
  const ordered = choices.toSorted((a, b) => Number(b.lastUsed ?? false) - Number(a.lastUsed ?? false))
  const body = html`${landing && where(landing)}
${
  ordered.length === 0
    ? html`<p>${words.signIn.none}</p>`
    : html`<div class="actions stack">${ordered.map(choice)}</div>`
}`
  return page(site, { title: words.signIn.title, width: 'narrow' }, body)
}

function where({ title, address }: Landing): Fragment {
  return html`<p>${words.signIn.landing(title)}${address && html`<br><span class="code muted">${address}</span>`}</p>`
}

function choice({ title, href, lastUsed }: SignInChoice): Fragment {
  const address = safeHref(href)
  return (
    address !== undefined &&
    html`<a class="button choice" href="${address}">${monogram(title)}<span>${words.signIn.with(title)}</span>${
      lastUsed && html`<span class="badge quiet">${words.signIn.lastUsed}</span>`
    }</a>`
  )
}
