#!/usr/bin/env node
// Plain JavaScript: an older Node must be able to read as far as this message.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`error: Postern needs Node 22.18 or newer, this is Node ${process.versions.node}`)
  console.error('  in a checkout on Linux, run it through npm, which brings a newer one along:')
  console.error('  npm ci && npm run simulate; elsewhere install Node 24 (https://nodejs.org)')
  process.exit(1)
}
await import('./postern.ts')
