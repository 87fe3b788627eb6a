/**
 * A function that computes once for each pair of objects: its first argument, and what `keyOf` says its second one
 * stands for. Results go with these objects.
 */
export function remembered<First extends object, Second, Result extends NonNullable<unknown>>(
  compute: (first: First, second: Second) => Result,
  keyOf: (second: Second) => object,
): (first: First, second: Second) => Result {
  const results = new WeakMap<First, WeakMap<object, Result>>()

  return (first, second) => {
    const ofFirst = results.get(first) ?? new WeakMap<object, Result>()
    const key = keyOf(second)
    const known = ofFirst.get(key)
    if (known !== undefined) return known
    const result = compute(first, second)
    results.set(first, ofFirst.set(key, result))
    return result
  }
}

/** A function of a text that computes once for each of the last texts, up to `max` of them. */
export function rememberedText<Result>(max: number, compute: (text: string) => Result): (text: string) => Result {
  const results = new Map<string, Result>()

  return (text) => {
    const known = results.get(text)
    if (known !== undefined) return known
    if (results.size >= max) results.clear()
    const result = compute(text)
    results.set(text, result)
    return result
  }
}
