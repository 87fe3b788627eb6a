import { type Fragment, type Html, html } from './html.ts'
import { icon } from './icons.ts'
import { monogram, page, type Site } from './layout.ts'
import { safeHref } from './links.ts'
import { words } from './words.ts'

/** A tool as the home page shows it; `connect` needs the named service connected first. */
export interface ToolTile {
  readonly title: string
  readonly description?: string | undefined
  readonly href: string
  readonly access: 'open' | 'denied' | 'sign_in' | 'connect'
  readonly connect?: string | undefined
}

/** Who is here: a name or e-mail address with the ways out, or nobody with the way in. */
export type Visitor =
  | { readonly user: string; readonly signOutHref: string; readonly connectionsHref?: string | undefined }
  | { readonly user?: undefined; readonly signInHref: string }

/** The tools this visitor may know of, who is signed in, and sign in or out. */
export function homePage(site: Site, visitor: Visitor, tools: readonly ToolTile[]): string {
  const body = html`${visitor.user === undefined && html`<p class="muted">${words.home.signedOut}</p>`}
${tools.length === 0 ? html`<p>${words.home.empty}</p>` : html`<ul class="tiles">${tools.map(tile)}</ul>`}`
  return page(site, { title: words.home.title, width: 'wide', account: account(visitor) }, body)
}

/** The corner of a page that says who is signed in. */
function account(visitor: Visitor): Html {
  const links =
    visitor.user === undefined
      ? navLink(visitor.signInHref, words.home.signIn, 'button primary')
      : [
          html`<span class="muted">${visitor.user}</span>`,
          visitor.connectionsHref !== undefined &&
            navLink(visitor.connectionsHref, words.home.connections, 'button ghost'),
          navLink(visitor.signOutHref, words.home.signOut, 'button ghost'),
        ]
  return html`<nav aria-label="${words.layout.account}">${links}</nav>`
}

function navLink(href: string, text: string, classes: string): Fragment {
  const address = safeHref(href)
  return address !== undefined && html`<a class="${classes}" href="${address}">${text}</a>`
}

function tile(tool: ToolTile): Html {
  const href = tool.access === 'denied' ? undefined : safeHref(tool.href)
  return html`<li class="tile ${href === undefined && 'denied'}">
${monogram(tool.title)}
<div><h2>${href === undefined ? tool.title : html`<a href="${href}">${tool.title}</a>`}</h2>
${tool.description && html`<p class="small muted">${tool.description}</p>`}</div>
<p>${state(tool)}</p>
</li>`
}

function state({ access, connect }: ToolTile): Html {
  const { state } = words.home
  if (access === 'open') return html`<span class="go">${state.open}${icon('arrow')}</span>`
  if (access === 'connect') return html`<span class="badge warn">${state.connect(connect)}</span>`
  return html`<span class="badge">${state[access]}</span>`
}
