/** A colour as sRGB channels, 0 to 255. */
type Colour = readonly [red: number, green: number, blue: number]

const black: Colour = [0, 0, 0]
const white: Colour = [255, 255, 255]

/** A little above the 4.5:1 of WCAG 2.2, 1.4.3, since accent text also stands on tinted ground. */
const enough = 5

/** Is this `#rgb` or `#rrggbb`? */
export function isHexColour(text: string): boolean {
  return /^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(text)
}

/** The colour, darkened on a light ground or lightened on a dark one until text in it can be read there. Hex in, hex out. */
export function readableOn(ground: string, colour: string): string {
  const [from, on] = [parse(colour), parse(ground)]
  const steps = luminance(on) > 0.5 ? [black] : [brightest(from), white]
  let start = from
  for (const end of steps) {
    for (let share = 0; share <= 1; share += 0.05) {
      const mixed = mix(start, end, share)
      if (contrast(mixed, on) >= enough) return format(mixed)
    }
    start = end
  }
  return format(start)
}

/** White where it can be read on this colour, else black, which then can. Hex in, hex out. */
export function textOn(colour: string): string {
  return contrast(parse(colour), white) >= 4.5 ? '#fff' : '#000'
}

function parse(hex: string): Colour {
  const digits = hex.length === 4 ? [...hex.slice(1)].map((digit) => digit + digit).join('') : hex.slice(1)
  const value = Number.parseInt(digits, 16)
  return [value >> 16, (value >> 8) & 255, value & 255]
}

function format(colour: Colour): string {
  return `#${colour.map((channel) => Math.round(channel).toString(16).padStart(2, '0')).join('')}`
}

/** The same hue at full strength, so that a dark accent gets brighter before it gets paler. */
function brightest(colour: Colour): Colour {
  const peak = Math.max(...colour)
  if (peak === 0) return white
  const [red, green, blue] = colour
  return [(red * 255) / peak, (green * 255) / peak, (blue * 255) / peak]
}

function mix(from: Colour, to: Colour, share: number): Colour {
  const at = (index: 0 | 1 | 2) => from[index] + (to[index] - from[index]) * share
  return [at(0), at(1), at(2)]
}

/** WCAG 2.2, contrast ratio: 1 to 21. */
function contrast(a: Colour, b: Colour): number {
  const [one, other] = [luminance(a), luminance(b)]
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
}

/** WCAG 2.2, relative luminance: 0 to 1. */
function luminance([red, green, blue]: Colour): number {
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

function linear(channel: number): number {
  const share = channel / 255
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
}
