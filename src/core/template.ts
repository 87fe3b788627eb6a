/** Text with `{name}` places in it. */
export interface Template {
  /** The names between the braces, in order, each once. */
  readonly names: readonly string[]
  /** The text with each place filled; a name without a value leaves nothing behind. */
  readonly render: (values: Readonly<Record<string, string>>) => string
}

/** Reads `{name}` places. Braces have no other use: one without its partner throws a SyntaxError. */
export function parseTemplate(text: string): Template {
  // Split on a capturing group alternates: literal, name, literal, …, literal.
  const parts = text.split(/\{([^{}]*)\}/)
  if (parts.some((part, index) => index % 2 === 0 && /[{}]/.test(part))) {
    throw new SyntaxError('There is a brace without its partner.')
  }
  return {
    names: [...new Set(parts.filter((_, index) => index % 2 === 1))],
    render: (values) =>
      parts.map((part, index) => (index % 2 === 0 ? part : Object.hasOwn(values, part) ? values[part] : '')).join(''),
  }
}
