/** What a server makes of a path that it decodes, byte by byte. */
export const decoded = (path: string) =>
  path.replace(/%([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
