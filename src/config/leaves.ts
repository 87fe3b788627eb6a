import Type, { type TEnum, type TSchema } from 'typebox'
import { canonicalPath } from '../core/canonical-path.ts'
import { isLoopback } from '../core/loopback.ts'
import { durationPattern, parseDuration, parseSize, sizePattern } from './units.ts'

/** What the editor shows of a key. `default` is written as in the YAML. */
export interface Shown {
  readonly description: string
  readonly default?: string
  readonly examples?: readonly string[]
  /** JSON Schema's word for what nobody may see. */
  readonly writeOnly?: boolean
}

/** A test of one value and the sentence to say when it fails. The sentence never holds the value. */
export type Rule = readonly [holds: (value: string) => boolean, sentence: string]

/** The schema with rules that JSON Schema cannot say; the first that fails is reported. */
function ruled<Schema extends TSchema>(schema: Schema, rules: readonly Rule[]): Schema {
  return rules.reduce<Schema>(
    (ruledSoFar, [holds, sentence]) =>
      Type.Refine<TSchema, string>(ruledSoFar, holds, () => sentence) as unknown as Schema,
    schema,
  )
}

/** Text that is not empty and keeps the rules. */
export function text(shown: Shown, ...rules: readonly Rule[]) {
  return ruled(Type.String({ minLength: 1, ...shown }), rules)
}

/** Text that matches a pattern, which editors check too. */
export function patterned(shown: Shown, pattern: string, sentence: string, ...rules: readonly Rule[]) {
  return ruled(Type.String({ pattern, patternErrorMessage: sentence, ...shown }), rules)
}

/** Text that nobody may see. */
export function secret(shown: Shown, ...rules: readonly Rule[]) {
  return text({ ...shown, writeOnly: true }, [isNotStandIn, 'is a placeholder; put the real secret here'], ...rules)
}

/** A readable file; its path is made absolute, from the config's folder on. */
export function readableFile(shown: Shown) {
  return Type.String({ minLength: 1, readableFile: true, ...shown })
}

/** One of a few words, or a file to write; its path has a slash or a dot, and is made absolute, from the config's folder on. */
export function wordOrFile(words: readonly string[], shown: Shown) {
  const sentence = `must be ${words.join(', ')} or the path of a file, such as ./audit.log`
  return Type.String({
    pattern: `^(?:${words.join('|')}|.*[./].*)$`,
    patternErrorMessage: sentence,
    fileUnless: words,
    ...shown,
  })
}

/** `30s 5m 12h 30d`, milliseconds once decoded. */
export function duration(shown: Shown) {
  const sentence = 'must be a duration above zero, such as 30s, 5m, 12h or 30d'
  return Type.Decode(patterned(shown, durationPattern, sentence), parseDuration)
}

/** As `duration`, or `0` for not at all. */
export function durationOrNone(shown: Shown) {
  const errorMessage = 'must be a duration such as 30s, 5m, 12h or 30d, or 0 for not at all'
  const text = Type.String({ pattern: `${durationPattern}|^0$`, patternErrorMessage: errorMessage })
  const none = Type.Integer({ minimum: 0, maximum: 0 })
  return Type.Decode(Type.Union([text, none], { ...shown, errorMessage }), (value) =>
    Number(value) === 0 ? 0 : parseDuration(String(value)),
  )
}

/** `64KB 10MB`, bytes once decoded. */
export function size(shown: Shown) {
  return Type.Decode(patterned(shown, sizePattern, 'must be a size above zero, such as 64KB, 10MB or 1GB'), parseSize)
}

/** One of a few words. */
export function word<Word extends string>(
  words: readonly Word[],
  shown: Shown & { readonly default?: NoInfer<Word> },
): TEnum<Word[]> {
  return Type.Enum([...words], { ...shown })
}

/** An http or https URL; plain http only to this machine, unless `http` allows it. No credentials, query or fragment. */
export function url(shown: Shown, { http = false }: { readonly http?: boolean } = {}, ...rules: readonly Rule[]) {
  return text(
    shown,
    [(value) => parseUrl(value) !== undefined, `must be a whole ${http ? 'http:// or ' : ''}https:// address`],
    [(value) => http || isHttpsOrLoopback(value), 'must be an https:// address (plain http only for this machine)'],
    [hasOnlyAddress, 'must not hold a user name, a password, a query (?) or a fragment (#)'],
    ...rules,
  )
}

/** The URL if it is http or https and names a host. */
export function parseUrl(value: string): URL | undefined {
  if (!/^https?:\/\/[^/?#\\\s]/i.test(value) || /[\s\\]/.test(value)) return undefined
  return URL.parse(value) ?? undefined
}

/** A domain without a scheme is meant as https. */
export function withScheme(value: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `https://${value}`
}

/** Whether a URL is https (plain http only to this machine) and names a host alone; slashes at its end do not count. */
export function isSecureOrigin(value: string): boolean {
  const parsed = parseUrl(value)
  return parsed === undefined || (isHttpsOrLoopback(value) && hasOnlyAddress(value) && /^\/*$/.test(parsed.pathname))
}

/** Whether a value is an http or https origin to the letter of what browsers send (RFC 6454 section 6.2). */
export function isBrowserOrigin(value: string): boolean {
  return /^https?:/.test(value) && URL.parse(value)?.origin === value
}

export function isHttpsOrLoopback(value: string): boolean {
  const parsed = parseUrl(value)
  return parsed === undefined || parsed.protocol === 'https:' || isLoopback(parsed.hostname)
}

function hasOnlyAddress(value: string): boolean {
  const parsed = parseUrl(value)
  return parsed === undefined || (parsed.username === '' && parsed.password === '' && !/[?#]/.test(value))
}

/** False for what people leave in place of a value: `...`, `changeme`, `your-secret`, `<secret>`, `xxxx`. */
export function isNotStandIn(value: string): boolean {
  return !/^(\.{3,}|…|x{3,}|\*{3,}|<.*>|(change|replace)[-_ ]?(me|this).*|your[-_ ].*)$/i.test(value.trim())
}

/** False for a host out of documentation: RFC 2606 names, and words that say "yours". */
export function isOwnHost(value: string): boolean {
  const hostname = (parseUrl(value) ?? parseUrl(`https://${value}`))?.hostname ?? value.toLowerCase()
  return !/(^|\.)example(\.(com|net|org))?$|your[-_](prefix|domain|pool|host|company)|yourdomain/.test(hostname)
}

/** A token of RFC 9110 section 5.6.2, as header and cookie names are. */
export const isToken = (value: string): boolean => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(value)

/** A path as `canonicalPath` gives it, without path parameters or a slash at its end. */
export function isPrefix(value: string): boolean {
  try {
    return canonicalPath(value) === value && !value.includes(';') && (value === '/' || !value.endsWith('/'))
  } catch {
    return false
  }
}
