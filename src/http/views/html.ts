const markup = Symbol('markup')

/** Markup that is safe to send. Only `html` and `raw` make one, so a string from outside can never pass for it. */
export interface Html {
  readonly [markup]: string
}

/** What may stand in a template: markup passes, text is escaped, `undefined` and `false` leave nothing. */
export type Fragment = Html | string | number | undefined | false | readonly Fragment[]

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** A template whose values are escaped for text and for quoted attributes. */
export function html(strings: TemplateStringsArray, ...values: readonly Fragment[]): Html {
  return raw(strings.map((text, index) => text + write(values[index])).join(''))
}

/** Markup taken as it is. For our own constants only. */
export function raw(text: string): Html {
  return Object.freeze({ [markup]: text })
}

/** The markup as a string, to be sent. */
export function render(value: Html): string {
  return value[markup]
}

function write(value: Fragment): string {
  if (value === undefined || value === false) return ''
  if (typeof value === 'string') return value.replace(/[&<>"']/g, (character) => entities[character] ?? '')
  if (typeof value === 'number') return String(value)
  return isHtml(value) ? value[markup] : value.map(write).join('')
}

function isHtml(value: Html | readonly Fragment[]): value is Html {
  return markup in value
}
