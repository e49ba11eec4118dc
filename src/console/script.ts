/**
 * The one script. Every page works without it: it copies, looks whether a client has been heard of,
 * follows a scan, and leads to what went wrong.
 */
export const SCRIPT = `
'use strict'
document.querySelector('[data-focus]')?.focus()
for (const here of document.querySelectorAll('nav [aria-current]')) {
  // On a phone the way around is a row that is longer than the screen.
  const row = here.closest('ul')
  if (row) row.scrollLeft = here.offsetLeft - row.offsetLeft - 16
}

for (const button of document.querySelectorAll('[data-copy]')) {
  if (!navigator.clipboard) continue
  button.hidden = false
  button.addEventListener('click', async () => {
    const text = document.getElementById(button.dataset.copy).textContent
    try {
      await navigator.clipboard.writeText(text)
      button.textContent = 'Copied'
    } catch {
      button.textContent = 'Select it and copy by hand'
    }
    setTimeout(() => { button.textContent = 'Copy' }, 2500)
  })
}

for (const form of document.querySelectorAll('form[data-confirm]')) {
  form.addEventListener('submit', (event) => {
    if (!window.confirm(form.dataset.confirm)) event.preventDefault()
  })
}

for (const link of document.querySelectorAll('a[data-line]')) {
  link.addEventListener('click', (event) => {
    const field = document.getElementById(link.hash.slice(1))
    if (!field) return
    event.preventDefault()
    const lines = field.value.split('\\n')
    const before = lines.slice(0, link.dataset.line - 1)
    const start = before.reduce((sum, line) => sum + line.length + 1, 0)
    field.focus()
    field.setSelectionRange(start, start + lines[before.length].length)
    field.scrollTop = Math.max(0, before.length - 3) * (field.scrollHeight / lines.length)
  })
}

const waiting = document.querySelector('[data-waiting]')
if (waiting) {
  const endsAt = Date.now() + 30 * 60000
  const look = async () => {
    if (Date.now() > endsAt) return
    // A page that nobody sees asks nothing.
    if (document.visibilityState === 'visible') {
      try {
        const response = await fetch(waiting.dataset.waiting, { headers: { accept: 'application/json' } })
        if (response.status === 401 || response.status === 403 || response.status === 404) return
        if (response.ok && (await response.json()).lastHeard) {
          waiting.className = 'notice good'
          waiting.querySelector('[data-pending]').hidden = true
          waiting.querySelector('[data-heard]').hidden = false
          return
        }
      } catch {
        // The network was away: the next look tells.
      }
    }
    setTimeout(look, 3000)
  }
  look()
}

const scan = document.querySelector('[data-scan]')
if (scan) {
  const bar = scan.querySelector('progress')
  const moves = 'moves' in scan.dataset
  const look = async () => {
    let pause = moves ? 100 : 3000
    if (document.visibilityState === 'visible') {
      try {
        const response = moves
          ? await fetch(scan.dataset.scan + '/advance', {
              method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"ms":1000}',
            })
          : await fetch(scan.dataset.scan + '?limit=1')
        if (!response.ok && response.status < 500) return
        const now = response.ok ? await response.json() : { note: '' }
        if (now.state && now.state !== 'running') return location.replace(scan.dataset.after ?? location.href)
        if (now.total) { bar.max = now.total; bar.value = now.seen }
        if (now.seen !== undefined) scan.querySelector('[data-seen]').textContent = now.seen.toLocaleString('en')
        scan.querySelector('[data-note]').textContent = now.note ?? ''
        if (now.note !== null) pause = 3000
      } catch {
        pause = 3000
      }
    }
    setTimeout(look, pause)
  }
  look()
}
`
