/** Expressions: what they see, what bounds them, and what cannot be written. */
import { describe, expect, test } from 'vitest'
import { evaluate, faultOf, LIMITS } from '../../src/mapping/expression.ts'

const PERSON = {
  userName: 'ilse@nordlicht.example',
  name: { givenName: 'Ilse', familyName: 'Vargård' },
  emails: [
    { type: 'work', value: 'ilse@nordlicht.example' },
    { type: 'home', value: 'i@home.example' },
  ],
  active: true,
}

describe('an expression', () => {
  test.each([
    ['$Join(" ", name.givenName, name.familyName)', 'Ilse Vargård'],
    ['$NormalizeDiacritics(name.familyName) ~> $ToLower()', 'vargard'],
    ['emails[type="work"].value', 'ilse@nordlicht.example'],
    ['emails.value', ['ilse@nordlicht.example', 'i@home.example']],
    ['$IIF(active, "on", "off")', 'on'],
    ['active ? "on" : "off"', 'on'],
    ['$Word(userName, 1, "@")', 'ilse'],
    ['$map(emails, function($e) { $e.type })', ['work', 'home']],
    ['($x := userName; $substringBefore($x, "@"))', 'ilse'],
    ['emails#$i.{ "at": $i }', [{ at: 0 }, { at: 1 }]],
    ['title', undefined],
    ['constructor', undefined],
    ['userName.constructor', undefined],
    ['__proto__', undefined],
  ])('%s sees the resource alone', async (expression, value) => {
    expect(faultOf(expression)).toBeUndefined()
    expect(await evaluate(expression, PERSON)).toEqual(value)
  })

  test.each([
    ['name.(', 'is no JSONata expression'],
    ['$contains(userName, /x/)', 'regular expression'],
    ['[1..1000000]', 'range'],
    ['$now()', 'not the same each time'],
    ['$Guid()', 'not the same each time'],
    ['$SelectUniqueValue("a", "b")', 'has to ask the app'],
    ['$eval("1")', 'cannot be bounded'],
    ['$pad("x", 1000000000)', 'cannot be bounded'],
    ['$constructor("x")', 'is not there'],
    ['$__proto__', 'is not there'],
    ['$join(["a"], ",") & $tolower(userName)', 'write $ToLower'],
    ['$ ~> |name|{"x":1}|', 'changes what it reads'],
    ['"a" & '.repeat(3_000), 'longer than'],
    ['('.repeat(9_000), 'is no JSONata expression'],
  ])('%s cannot be written', async (expression, why) => {
    expect(faultOf(expression)).toContain(why)
    await expect(evaluate(expression, {})).rejects.toThrow(why)
  })

  test.each([
    ['no end', '($f := function($n) { $f($n + 1) }; $f(0))'],
    ['a depth without end', '($f := function($n) { 1 + $f($n + 1) }; $f(0))'],
    ['a text that doubles', `($a := "0123456789"; ${'$a := $a & $a; '.repeat(20)} $a)`],
    ['a list that doubles', `($a := ["x", "y"]; ${'$a := $append($a, $a); '.repeat(20)} $a)`],
    ['nesting that doubles', `($a := ["x"]; ${'$a := [[$a], [$a]]; '.repeat(40)} $string($a))`],
    ['objects that double', `($a := {}; ${'$a := {"l": $a, "r": $a}; '.repeat(40)} $string($a))`],
    ['a product of lists', '($a := $Split(x, ""  & ","); $a.($a.($a.($a))))'],
    ['a text made of many', '$Replace(x, ",", null, null, x)'],
  ])('with %s ends by counting', async (_, expression) => {
    expect(faultOf(expression)).toBeUndefined()
    const started = Date.now()
    const input = { x: 'a,'.repeat(200) }
    await expect(evaluate(expression, input)).rejects.toThrow(
      expect.objectContaining({ name: 'ExpressionFault' }),
    )
    expect(Date.now() - started).toBeLessThan(2_000)
  })

  test('says why it fails without the value that it failed at', async () => {
    const failing = evaluate('$number(userName)', PERSON)
    await expect(failing).rejects.toThrow(/^The expression fails \(D3030/)
    await expect(failing).rejects.not.toThrow(/nordlicht/)
  })

  test('leaves its input as it was', async () => {
    const input = structuredClone(PERSON)
    await evaluate('$append(emails, emails).value', input)
    expect(input).toEqual(PERSON)
  })

  test('has limits that leave room for what people write', async () => {
    const parts = Array.from({ length: 40 }, () => '$ToUpper($Join(" ", name.givenName, userName))')
    expect(await evaluate(parts.join(' & '), PERSON)).toHaveLength(40 * 27)
    expect(LIMITS.steps).toBeGreaterThan(1_000)
  })
})
