/** Redis gives pairs as one flat list. */
export function pairs<Item>(flat: readonly Item[]): (readonly [Item, Item])[] {
  return flat.flatMap((first, at) => {
    const second = flat[at + 1]
    return at % 2 === 0 && second !== undefined ? [[first, second] as const] : []
  })
}
