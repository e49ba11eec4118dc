import { describe, expect, test } from 'vitest'
import { checkAppUrl } from '../../src/adapter/url.ts'

const live = (url: string) => checkAppUrl(url, { allowInsecure: false })
const development = (url: string) => checkAppUrl(url, { allowInsecure: true })

describe('checkAppUrl', () => {
  test.each([
    'https://app.example.com',
    'https://app.example.com:8443/tenant/1/',
    'https://127.example.com',
    'https://bücher.example',
    'https://localhost.example.com',
  ])('%s is accepted', (url) => {
    expect(live(url)).toBeUndefined()
  })

  test.each([
    ['http://app.example.com', /https/],
    ['ftp://app.example.com', /https/],
    ['app.example.com', /not a URL/],
    ['https://', /not a URL/],
    ['https://localhost', /local/],
    ['https://LOCALHOST:8443', /local/],
    ['https://desk.localhost', /local/],
    ['https://printer.local', /local/],
    ['https://metadata.google.internal', /local/],
    ['https://nas.home.arpa', /local/],
    ['https://intranet', /local/],
  ])('%s is refused: it is not public', (url, why) => {
    expect(live(url)).toMatch(why)
  })

  test.each([
    'https://127.0.0.1',
    'https://10.0.0.8',
    'https://8.8.8.8',
    'https://2130706433',
    'https://0x7f000001',
    'https://0x7f.1',
    'https://017700000001',
    'https://127.1',
    'https://%31%32%37.0.0.1',
    'https://１２７．０．０．１',
    'https://[::1]',
    'https://[::ffff:127.0.0.1]',
    'https://[fd00::1]:8443',
  ])('%s is refused: an IP address in any spelling', (url) => {
    expect(live(url)).toMatch(/IP address/)
  })

  test.each([
    ['https://user:pass@app.example.com', /credentials/],
    ['https://user@app.example.com', /credentials/],
    ['https://localhost.', /dot/],
    ['https://app.example.com.', /dot/],
    ['https://app.example.com/?a=b', /query/],
    ['https://app.example.com/?', /query/],
    ['https://app.example.com/#x', /fragment/],
  ])('%s is refused even in development', (url, why) => {
    expect(live(url)).toMatch(why)
    expect(development(url)).toMatch(why)
  })

  test.each(['http://127.0.0.1:4000', 'http://localhost:3000/api', 'https://[::1]', 'http://desk'])(
    '%s is accepted in development',
    (url) => {
      expect(development(url)).toBeUndefined()
    },
  )

  test('development still wants http or https', () => {
    expect(development('file:///etc/passwd')).toMatch(/https/)
  })
})
