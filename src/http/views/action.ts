import type { ErrorContext } from './error-words.ts'
import { type Fragment, html } from './html.ts'
import { safeHref } from './links.ts'
import { type ActionName, words } from './words.ts'

/** A way on. `post` is for what changes something: a form with one button. */
export interface Action {
  readonly does: ActionName
  readonly href: string
  readonly method?: 'get' | 'post'
}

/** One or two buttons, the first one stressed. An address we do not link to leaves no button. */
export function actions(list: readonly (Action | undefined)[], context: ErrorContext): Fragment {
  const buttons = list.map((action, index) => action && button(action, context, index === 0)).filter(Boolean)
  return buttons.length > 0 && html`<div class="actions">${buttons}</div>`
}

function button({ does, href, method }: Action, context: ErrorContext, primary: boolean): Fragment {
  const address = safeHref(href)
  if (address === undefined) return undefined
  const classes = primary ? 'button primary' : 'button'
  const label = words.actions[does](context)
  if (method === 'post') {
    return html`<form method="post" action="${address}"><button class="${classes}">${label}</button></form>`
  }
  const newTab = does === 'sign_in_new_tab' && html` target="_blank" rel="noopener"`
  return html`<a class="${classes}" href="${address}"${newTab}>${label}</a>`
}
