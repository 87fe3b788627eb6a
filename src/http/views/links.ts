import { type Html, html } from './html.ts'
import type { Site } from './layout.ts'

/** Any origin will do: a path that leaves it is not a path. */
const here = 'https://here.invalid'

/**
 * The address as it may stand in `href`: http, https, or a path on this origin. Everything else gives `undefined`:
 * `javascript:`, `//host`, and the forms a browser reads as `//host` (WHATWG URL 4.4: backslashes, tabs, newlines).
 */
export function safeHref(href: string): string | undefined {
  const absolute = URL.parse(href)
  if (absolute !== null)
    return absolute.protocol === 'https:' || absolute.protocol === 'http:' ? absolute.href : undefined
  const path = href.startsWith('/') ? URL.parse(href, here) : null
  return path?.origin === here ? path.pathname + path.search + path.hash : undefined
}

/** A link with this text, or the text alone where the address is none we link to. */
export function link(href: string, text: string): Html {
  const safe = safeHref(href)
  return safe === undefined ? html`${text}` : html`<a href="${safe}">${text}</a>`
}

/** Where a document is served, by its name. */
export function documentHref({ home }: Pick<Site, 'home'>, name: string): string {
  return `${home}docs/${name}`
}

/** A document as findings name it (`docs/check.md`), with a link to where it is served. */
export function documentLink(site: Pick<Site, 'home'>, file: string): Html {
  const [, name] = /^docs\/([\w-]+)\.md$/.exec(file) ?? []
  return name === undefined ? html`${file}` : link(documentHref(site, name), file)
}

/** Whom to ask: a page, an e-mail address, or words ("the data team"). */
export function contact(text: string): Html {
  if (/^[\w.+-]+@[\w.-]+$/.test(text)) return html`<a href="mailto:${text}">${text}</a>`
  return link(text, text)
}
