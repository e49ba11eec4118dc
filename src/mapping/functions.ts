/**
 * Functions for expressions by Entra's names, as its administrators know them ("Reference for writing
 * expressions for attribute mappings", Microsoft Learn): pure, and bounded by what they are given. A
 * value that is not there is undefined; null may stand for an argument that is left out.
 */
import type { Json } from '../scim/schema.ts'
import {
  dateAdd,
  dateDiff,
  fileTimeOf,
  formatDate,
  fromFileTime,
  printDate,
  readDate,
} from './dates.ts'

export type Given = Json | undefined

/** A function was given what it cannot work with. The text is ours and holds no value. */
export class FunctionFault extends Error {
  override readonly name = 'FunctionFault'
}

type Implementation = (...given: Given[]) => Given

export const FUNCTIONS: Readonly<Record<string, Implementation>> = {
  // ---- texts
  Append: (source, suffix) => onText(source, (text) => text + textOf(suffix)),
  Join: (separator, ...parts) =>
    parts
      .flatMap((part) => (Array.isArray(part) ? part : [part]))
      .map(textOf)
      .filter((text) => text !== '')
      .join(textOf(separator)),
  Left: (source, length) => {
    const count = numberOf(length, 'Left')
    return onText(source, (text) => (count < 0 ? text : [...text].slice(0, count).join('')), '')
  },
  Right: (source, length) => {
    const count = numberOf(length, 'Right')
    const last = (text: string) => (count === 0 ? '' : [...text].slice(-count).join(''))
    return onText(source, (text) => (count < 0 ? text : last(text)), '')
  },
  Mid: (source, start, length) => {
    const from = numberOf(start, 'Mid') - 1
    const count = Math.max(0, numberOf(length, 'Mid'))
    if (from < 0) throw new FunctionFault('$Mid counts from 1')
    return onText(source, (text) => [...text].slice(from, from + count).join(''))
  },
  InStr: (text, part, start, compare) => {
    const fold = (value: Given) => {
      const given = textOf(value)
      return compare === 'vbTextCompare' ? given.toLowerCase() : given
    }
    const from = isAbsent(start) ? 1 : numberOf(start, 'InStr')
    return fold(text).indexOf(fold(part), Math.max(0, from - 1)) + 1
  },
  Replace: replace,
  Split: (source, delimiter) => {
    const at = textOf(delimiter)
    if (at === '') throw new FunctionFault('$Split needs a delimiter')
    return onText(source, (text) => text.split(at))
  },
  Word: (source, position, delimiters) => {
    const marks = new Set(textOf(delimiters))
    const words: string[] = ['']
    for (const letter of textOf(source)) {
      if (marks.has(letter)) words.push('')
      else words.push((words.pop() ?? '') + letter)
    }
    const at = numberOf(position, 'Word')
    return words.filter((word) => word !== '')[at - 1] ?? ''
  },
  // U+0020 alone, as Entra does
  StripSpaces: (source) => onText(source, (text) => text.replaceAll(' ', '')),
  Trim: (source) => onText(source, (text) => text.trim()),
  ToLower: (source, culture) => onText(source, (text) => text.toLocaleLowerCase(localeOf(culture))),
  ToUpper: (source, culture) => onText(source, (text) => text.toLocaleUpperCase(localeOf(culture))),
  PCase: (source, separators) => onText(source, (text) => titleCase(text, separators)),
  NormalizeDiacritics: (source) => onText(source, plainLetters),
  // UTF-16LE, as Entra does
  ConvertToBase64: (source) =>
    onText(source, (text) => {
      const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at))
      const bytes = units.flatMap((unit) => [unit & 0xff, unit >> 8])
      return btoa(bytes.map((byte) => String.fromCharCode(byte)).join(''))
    }),
  ConvertToUTF8Hex: (source) =>
    onText(source, (text) =>
      [...new TextEncoder().encode(text)]
        .map((byte) => byte.toString(16).padStart(2, '0').toUpperCase())
        .join(''),
    ),

  // ---- what is there, and what is true
  Coalesce: (...values) => values.find((value) => !isAbsent(value)),
  IsNull: isAbsent,
  IsNullOrEmpty: isEmpty,
  IsPresent: (value) => !isEmpty(value),
  IsString: (value) => typeof value === 'string',
  CStr: (value) => (isAbsent(value) ? undefined : textOf(value)),
  CBool: (value) => isTrue(value) || (typeof value === 'number' && value !== 0),
  // Entra's own answer is a text: "True" for all that is not "True".
  Not: (value) => (typeof value === 'boolean' ? !value : value === 'True' ? 'False' : 'True'),
  // Unlike Entra's, a condition over what is not there is false and does not fail.
  IIF: (condition, then, otherwise) => (isTrue(condition) ? then : otherwise),
  And: (...conditions) => conditions.every(isTrue),
  Or: (...conditions) => conditions.some(isTrue),
  Switch: (source, otherwise, ...cases) => {
    if (cases.length % 2 === 1) throw new FunctionFault('$Switch needs a value for each key')
    const asked = isAbsent(source) ? '' : textOf(source)
    const at = cases.findIndex((key, i) => i % 2 === 0 && textOf(key) === asked)
    return at < 0 ? (otherwise ?? undefined) : cases[at + 1]
  },

  // ---- lists and bits
  Item: (list, position) => {
    const at = numberOf(position, 'Item')
    if (at < 1) throw new FunctionFault('$Item counts from 1')
    return listOf(list)[at - 1]
  },
  First: (list) => listOf(list)[0],
  Count: (list) => listOf(list).length,
  RemoveDuplicates: (list) => {
    const seen = new Map(listOf(list).map((one) => [JSON.stringify(one), one]))
    return [...seen.values()]
  },
  BitAnd: (a, b) => Number(BigInt.asIntN(64, bitsOf(a) & bitsOf(b))),

  // ---- dates
  CDate: (source) => onDate(source, 'CDate', printDate),
  DateAdd: (interval, count, date) =>
    onDate(date, 'DateAdd', (at) => printDate(added(interval, numberOf(count, 'DateAdd'), at))),
  DateDiff: (interval, from, to) =>
    onDate(from, 'DateDiff', (a) => onDate(to, 'DateDiff', (b) => difference(interval, a, b))),
  FormatDateTime: (source, _styles, inFormat, outFormat) => {
    if (isEmpty(source)) return undefined
    const made = formatDate(
      textOf(source),
      isAbsent(inFormat) ? undefined : textOf(inFormat),
      textOf(outFormat),
    )
    if (made !== undefined) return made
    throw new FunctionFault(
      '$FormatDateTime cannot read the date, or its format has a letter that is not supported',
    )
  },
  // Windows FILETIME: 100 ns since 1601; a text, because it is more than a number can hold.
  NumFromDate: (source) => onDate(source, 'NumFromDate', fileTimeOf),
  DateFromNum: (source) =>
    onText(source, (text) => {
      if (!/^-?\d{1,19}$/.test(text)) throw new FunctionFault('$DateFromNum needs a whole number')
      return printDate(fromFileTime(text))
    }),
}

function isAbsent(value: Given): value is null | undefined {
  return value === undefined || value === null
}

function isEmpty(value: Given): boolean {
  return isAbsent(value) || value === '' || (Array.isArray(value) && value.length === 0)
}

function isTrue(value: Given): boolean {
  return value === true || (typeof value === 'string' && value.toLowerCase() === 'true')
}

function textOf(value: Given): string {
  if (isAbsent(value)) return ''
  if (typeof value === 'string') return value
  if (typeof value === 'object')
    throw new FunctionFault('a text is needed where a list or object is')
  return String(value)
}

/** Nothing gives nothing. */
function onText(value: Given, make: (text: string) => Given, ofNothing: Given = undefined): Given {
  return isAbsent(value) ? ofNothing : make(textOf(value))
}

function numberOf(value: Given, name: string): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isInteger(number)) {
    throw new FunctionFault(`$${name} needs a whole number`)
  }
  return number
}

function bitsOf(value: Given): bigint {
  const text = textOf(value).replace(/^&H/i, '0x')
  try {
    if (text !== '') return BigInt(text)
  } catch {
    // said below, in our own words
  }
  throw new FunctionFault('$BitAnd needs whole numbers, in hexadecimal as "&HF"')
}

function listOf(value: Given): readonly Json[] {
  if (isAbsent(value)) return []
  return Array.isArray(value) ? value : [value]
}

function localeOf(culture: Given): string {
  // The invariant culture of .NET changes letters as English does.
  const given = textOf(culture)
  if (given === '') return 'en'
  try {
    return Intl.getCanonicalLocales(given)[0] ?? 'en'
  } catch {
    throw new FunctionFault('the culture is not one that is known, such as "tr-TR"')
  }
}

/** Two of Entra's five modes: those with a regular expression cannot be bounded. */
function replace(...given: Given[]): Given {
  const [source, old, pattern, group, replacement, attribute, template] = given
  if (!isAbsent(pattern) || !isAbsent(group) || !isAbsent(attribute)) {
    throw new FunctionFault('$Replace works without regular expressions: give the old text itself')
  }
  if (isAbsent(old) || old === '') throw new FunctionFault('$Replace needs the text to be replaced')
  if (!isAbsent(template)) {
    return onText(source, (text) => textOf(template).replaceAll(textOf(old), () => text))
  }
  return onText(source, (text) => text.replaceAll(textOf(old), () => textOf(replacement)))
}

/** Every mark and space, where an administrator names none. */
const SEPARATOR = /[\p{P}\p{S}\p{Z}\p{C}]/u

function titleCase(text: string, separators: Given): string {
  const named = isAbsent(separators) ? undefined : new Set(textOf(separators))
  let isStart = true
  let made = ''
  for (const letter of text) {
    made += isStart ? letter.toUpperCase() : letter.toLowerCase()
    isStart = named ? named.has(letter) : SEPARATOR.test(letter)
  }
  return made
}

/** Letters that no decomposition takes apart, as Entra writes them. */
const LETTERS: Readonly<Record<string, string>> = {
  æ: 'ae',
  Æ: 'AE',
  ø: 'oe',
  Ø: 'OE',
  œ: 'oe',
  Œ: 'OE',
  ß: 'ss',
  ł: 'l',
  Ł: 'L',
  đ: 'd',
  Đ: 'D',
  ð: 'd',
  Ð: 'D',
  þ: 'th',
  Þ: 'TH',
  ı: 'i',
  ħ: 'h',
  Ħ: 'H',
}

/** `ä` is `a`, not `ae`. */
function plainLetters(text: string): string {
  const bare = text.normalize('NFD').replace(/\p{M}/gu, '')
  return [...bare]
    .map((letter) => LETTERS[letter] ?? letter)
    .join('')
    .normalize('NFC')
}

function onDate(value: Given, name: string, make: (at: number) => Given): Given {
  if (isEmpty(value)) return undefined
  const at = readDate(textOf(value))
  if (at === undefined) throw new FunctionFault(`$${name} cannot read the date`)
  return make(at)
}

function added(interval: Given, count: number, at: number): number {
  const made = dateAdd(textOf(interval), count, at)
  if (made === undefined) throw badInterval()
  return made
}

function difference(interval: Given, from: number, to: number): number {
  const made = dateDiff(textOf(interval), from, to)
  if (made === undefined) throw badInterval()
  return made
}

function badInterval(): FunctionFault {
  return new FunctionFault('an interval is one of yyyy, m, d, ww, h, n, s, or the date is too far')
}
