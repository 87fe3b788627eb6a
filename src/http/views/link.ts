import { html } from './html.ts'
import { page, type Site } from './layout.ts'
import { safeHref } from './links.ts'
import { rows } from './rows.ts'
import { words } from './words.ts'

/** What an app needs of a person, who comes from it and goes back to it. */
export interface LinkQuestion {
  /** `undefined`: it has no access any more. */
  readonly app: string | undefined
  readonly tool: { readonly title: string; readonly address: string }
  /** What the account's provider is called. */
  readonly account: string
  readonly user: string
  /** The account is linked already, and the app may not use it yet. */
  readonly isLinked: boolean
  readonly isDone: boolean
  /** Takes the POST. */
  readonly action: string
}

/** Asks a person to connect an account for an app, or says that it is done. */
export function linkPage(site: Site, question: LinkQuestion): string {
  const text = words.link
  const { app, tool, account, user, isLinked, isDone, action } = question
  if (isDone) {
    const body = html`<p>${text.goBack(app)}</p>`
    return page(site, { title: text.done(account), width: 'narrow', icon: 'check', tone: 'good' }, body)
  }
  const facts = rows([
    [words.consent.client, app],
    [words.consent.tool, html`${tool.title}<br><span class="small muted">${tool.address}</span>`],
    [words.consent.user, user],
  ])
  const body = html`<p>${text.asks(account, tool.title)}</p>
${facts}
<form class="actions" method="post" action="${safeHref(action)}">
<button class="button primary">${isLinked ? words.consent.allow : words.actions.connect({ provider: account })}</button>
</form>
<p class="small muted">${text.notYou(app)} ${words.consent.takeBack}</p>`
  const title = (isLinked ? text.titleAllow : text.title)(account, app)
  return page(site, { title, width: 'narrow', icon: 'plug' }, body)
}
