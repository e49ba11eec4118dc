// Plain JavaScript: an older Node must be able to read as far as this message.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`error: Postern needs Node 22.18 or newer, this is Node ${process.versions.node}`)
  console.error('  on Linux `npm ci` brings one that npm scripts use; elsewhere install Node 24')
  process.exit(1)
}
await import('./start.ts')
