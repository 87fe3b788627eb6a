/** The names of an object's members, and of its `params`, as they come. */
interface MemberNames {
  readonly top: readonly string[]
  readonly params: readonly string[]
}

const [quote, backslash, colon] = [0x22, 0x5c, 0x3a]
const [openBrace, openBracket, closeBrace, closeBracket] = [0x7b, 0x5b, 0x7d, 0x5d]
const blank = 0x20

/** The names in the text of a JSON object, which is well formed: a parser keeps only the last member of each name. */
export function memberNames(text: string): MemberNames {
  const top: string[] = []
  const params: string[] = []
  let depth = 0
  let isParams = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === openBrace || code === openBracket) depth++
    else if (code === closeBrace || code === closeBracket) depth--
    else if (code === quote) {
      const end = endOfString(text, at)
      if ((depth === 1 || (depth === 2 && isParams)) && isName(text, end)) {
        const name: string = JSON.parse(text.slice(at, end))
        if (depth === 1) isParams = name === 'params'
        const names = depth === 1 ? top : params
        names.push(name)
      }
      at = end - 1
    }
  }
  return { top, params }
}

/** Behind the closing quote. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); ; at = text.indexOf('"', at + 1)) {
    let escapes = 0
    while (text.charCodeAt(at - 1 - escapes) === backslash) escapes++
    // An escaped backslash escapes nothing.
    if (escapes % 2 === 0) return at + 1
  }
}

/** Whether a colon follows: then the string is the name of a member. */
function isName(text: string, end: number): boolean {
  let at = end
  while (text.charCodeAt(at) <= blank) at++
  return text.charCodeAt(at) === colon
}
