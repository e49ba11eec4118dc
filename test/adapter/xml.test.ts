/** XML as a tree, and back; what is refused, and that a flood or a bomb is. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AdapterFailure } from '../../src/adapter/failure.ts'
import { createHttpClient } from '../../src/adapter/http.ts'
import { readXml, writeXml } from '../../src/adapter/xml.ts'
import { markNil } from '../../src/adapter/xml-tree.ts'

describe('XML that is read', () => {
  test.each<[string, string, unknown]>([
    ['an element with nothing but text is its text', '<a><b>x</b></a>', { a: { b: 'x' } }],
    ['numbers and truth are text', '<a><b>05</b><c>true</c></a>', { a: { b: '05', c: 'true' } }],
    [
      'several of one name are a list',
      '<a><b>1</b><c/><b>2</b></a>',
      { a: { b: ['1', '2'], c: null } },
    ],
    ['attributes begin with @', '<a id="5"><b/></a>', { a: { '@id': '5', b: null } }],
    [
      'an element with attributes keeps its text',
      '<a t="i">5</a>',
      { a: { '@t': 'i', '#text': '5' } },
    ],
    ['what is empty is null', '<a><b/><c></c><d> </d></a>', { a: { b: null, c: null, d: null } }],
    [
      'what is nil is null',
      '<a xmlns:x="u"><b nil="true"/><c x:nil="1">5</c><d nil="false">6</d></a>',
      { a: { b: null, c: null, d: { '@nil': 'false', '#text': '6' } } },
    ],
    [
      'prefixes and declarations of namespaces are left out',
      '<s:E xmlns:s="u" xmlns="v"><s:B x:t="1" xmlns:x="w">y</s:B></s:E>',
      { E: { B: { '@t': '1', '#text': 'y' } } },
    ],
    ['layout is no text', '<a>\n  <b>\n x \n</b>\n</a>', { a: { b: 'x' } }],
    ['a CDATA section is text as it is', '<a><![CDATA[ <&amp; ]]></a>', { a: ' <&amp; ' }],
    [
      'the five entities, and numbers',
      '<a b="&#65;">&lt;&amp;&#x1F600;&apos;</a>',
      { a: { '@b': 'A', '#text': "<&😀'" } },
    ],
    [
      'comments and instructions are left out',
      '<?xml version="1.0"?><!-- c --><a><?p?>x<!-- d --></a>',
      { a: 'x' },
    ],
    ['names of JavaScript are names', '<a><toString>x</toString></a>', { a: { toString: 'x' } }],
  ])('%s', (_, text, tree) => {
    expect(readXml(text)).toEqual(tree)
  })

  const BOMB = `<!DOCTYPE a [<!ENTITY a0 "ha">${Array.from(
    { length: 20 },
    (_, i) => `<!ENTITY a${i + 1} "&a${i};&a${i};">`,
  ).join('')}]><a>&a20;</a>`

  test.each<[string, string]>([
    ['a bomb of entities (billion laughs)', BOMB],
    [
      'an entity of a file (XXE)',
      '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    ],
    ['a document type with nothing in it', '<!DOCTYPE a><a>x</a>'],
    ['a document type inside', '<a><!DOCTYPE b></a>'],
    ['an entity that nobody declared', '<a>&nbsp;</a>'],
    ['an ampersand alone', '<a>a & b</a>'],
    ['nesting without end', '<a>'.repeat(1_000) + '</a>'.repeat(1_000)],
    ['more elements than an isolate should hold', `<a>${'<b/>'.repeat(300_000)}</a>`],
    ['more attributes than that', `<a>${'<b c="" d="" e="" f=""/>'.repeat(60_000)}</a>`],
    ['a tag that is not closed', '<a><b></a>'],
    ['two documents', '<a/><b/>'],
    ['an attribute twice', '<a b="1" b="2"/>'],
    ['a page for people', '<html><body><p>Sign in</p></body></html>'],
    ['HTML', '<!doctype html><html><body>Sign in<br></body></html>'],
    ['JSON', '{"a":1}'],
    ['text', 'x'],
    ['a name that is no name of ours', '<a><__proto__>x</__proto__></a>'],
  ])('refuses %s', (_, text) => {
    expect(readXml(text)).toBeUndefined()
  })
})

describe('XML that is written', () => {
  const body = (tree: unknown) => writeXml(tree).replace(/^<\?xml[^>]*\?>/, '')

  test('attributes, lists, order and prefixes are those of the tree', () => {
    const tree = {
      's:E': { '@xmlns:s': 'u', 's:B': { z: 1, ids: { '@type': 'array', id: [5, 6] }, a: true } },
    }
    expect(body(tree)).toBe(
      '<s:E xmlns:s="u"><s:B><z>1</z><ids type="array"><id>5</id><id>6</id></ids><a>true</a></s:B></s:E>',
    )
  })

  test('an empty list is nothing, null an empty element, and nil where an app wants it', () => {
    const tree = { u: { l: { '@type': 'array', i: [] }, mail: null, '@x': null } }
    expect(body(tree)).toBe('<u><l type="array"></l><mail></mail></u>')
    expect(body(markNil({ u: { mail: null } }, 'xsi:nil'))).toBe(
      '<u><mail xsi:nil="true"></mail></u>',
    )
  })

  test('whatever a value holds, it stays a value, and reads back as it was', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((s) => s.trim() === s)
    fc.assert(
      fc.property(text, text, (inner, attribute) => {
        let written: string
        try {
          written = writeXml({ a: { '@b': attribute, c: inner, d: 'x' } })
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid', effect: 'none' })
          return
        }
        expect(readXml(written)).toEqual({ a: { '@b': attribute, c: inner, d: 'x' } })
      }),
    )
    const hostile = `</c><admin>1</admin>]]><!-- & "'\n\r\t`
    expect(readXml(writeXml({ a: { '@b': hostile, c: `${hostile}.` } }))).toEqual({
      a: { '@b': hostile, c: `${hostile}.` },
    })
  })

  test.each<[string, unknown]>([
    ['a control character', { a: 'x\u0000y' }],
    ['half a character', { a: '\ud800' }],
    ['a name with a blank', { a: { 'b c': 1 } }],
    ['a name that closes the tag', { a: { 'b><c': 1 } }],
    ['a list as an attribute', { a: { '@b': ['x'] } }],
  ])('refuses %s before anything is sent', (_, tree) => {
    expect(() => writeXml(tree)).toThrow(AdapterFailure)
  })
})

describe('the client', () => {
  const answering = (text: string) =>
    createHttpClient({
      baseUrl: 'https://app.example',
      fetch: async () => new Response(text),
      now: () => 0,
      leftMs: () => 1_000,
      maxBytes: 10_000,
      allowInsecure: false,
    })

  test('believes XML only where XML is asked for, and JSON only where JSON is', async () => {
    const xml = answering('<a>x</a>')
    const asked = { method: 'GET', path: '/', answers: 'xml' } as const
    expect(await xml.call(asked)).toMatchObject({ body: 'xml', json: { a: 'x' } })
    await expect(xml.call({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 'protocol' })
    await expect(answering('{}').call(asked)).rejects.toMatchObject({ code: 'protocol' })
    await expect(answering('<html/>').call(asked)).rejects.toMatchObject({ code: 'protocol' })
    expect(await answering(' ').call(asked)).toMatchObject({ body: 'empty', json: undefined })
  })

  test('says what it sends and what it takes', async () => {
    const seen: RequestInit[] = []
    const client = createHttpClient({
      baseUrl: 'https://app.example',
      fetch: async (_, init) => {
        seen.push(init)
        return new Response(null, { status: 204 })
      },
      now: () => 0,
      leftMs: () => 1_000,
      maxBytes: 10_000,
      allowInsecure: false,
    })
    await client.call({ method: 'POST', path: '/', xml: { a: 'ü' }, answers: 'xml' })
    const headers = new Headers(seen[0]?.headers)
    expect(headers.get('content-type')).toBe('application/xml; charset=utf-8')
    expect(headers.get('accept')).toBe('application/xml, text/xml')
    expect(seen[0]?.body).toBe('<?xml version="1.0" encoding="UTF-8"?><a>ü</a>')
  })
})
