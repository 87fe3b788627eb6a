import { Marked, type Tokens } from 'marked'
import { html, raw, render } from './html.ts'
import { page, type Site } from './layout.ts'
import { documentHref, safeHref } from './links.ts'

/** A document in our layout. Its heading is the page's; links to files that are not among `served` become plain text. */
export function documentPage(site: Site, markdown: string, served: ReadonlySet<string>): string {
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }) {
        return render(
          html`${raw(`<h${depth}`)} id="${anchor(text)}">${raw(this.parser.parseInline(tokens))}${raw(`</h${depth}>`)}\n`,
        )
      },
      link({ href, tokens }) {
        const text = raw(this.parser.parseInline(tokens))
        const address = addressOf(href, site, served)
        return render(address === undefined ? text : html`<a href="${address}">${text}</a>`)
      },
      code: ({ text }) => render(html`<pre class="card"><code>${text}</code></pre>\n`),
      // Pictures are not served; their descriptions say what they show.
      image: ({ text }) => render(html`${text}`),
      html: ({ text }) => render(html`${text}`),
    },
  })
  const [first, ...rest] = marked.lexer(markdown)
  const body = raw(marked.parser(rest))
  return page(site, { title: titleOf(first), width: 'wide' }, html`<section class="doc">${body}</section>`)
}

/** Every document begins with its heading. */
function titleOf(first: { readonly type: string } | undefined): string {
  return first?.type === 'heading' ? (first as Tokens.Heading).text.replaceAll('`', '') : ''
}

/** As GitHub names headings, by which documents link to each other's parts. */
function anchor(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')
}

function addressOf(href: string, site: Site, served: ReadonlySet<string>): string | undefined {
  if (href.startsWith('#')) return href
  const [, name = '', part = ''] = /^([\w-]+)\.md(#[\w-]+)?$/.exec(href) ?? []
  if (served.has(name)) return documentHref(site, name) + part
  return href.startsWith('https:') ? safeHref(href) : undefined
}
