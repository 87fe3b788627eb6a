#!/usr/bin/env node
// No static import: on a Node too old to parse the rest, the one thing to say is which Node is needed.
const major = Number.parseInt(process.versions.node, 10)

if (major < 24) {
  process.stderr.write(`toolgate needs Node.js 24 or newer, this is ${process.versions.node}.\n`)
  process.exitCode = 1
} else {
  const { run } = await import('./cli/run.ts')
  process.exitCode = await run(process.argv.slice(2))
}
