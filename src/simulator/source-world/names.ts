import { Random } from './random.ts'

const adjectives = [
  'Blue',
  'Golden',
  'Northern',
  'Café',
  'Süd',
  'Rapid',
  'Île',
  'Open',
  'Señor',
  'Green',
  'Ålesund',
  'Prime',
]
const nouns = [
  'Harbor',
  'Logistics',
  'Bank',
  'Ærospace',
  'Mobility',
  'Crédit',
  'Health',
  'Łódź',
  'Energy',
  'Garden',
  'Media',
  'Verkehr',
]
const forms = ['Ltd', 'GmbH', 'S.A.', 'Inc.', '& Sons', 'AG', 'S.à r.l.', 'Oy']
const firstNames = ['Ada', 'José', 'Zoë', 'Jürgen', 'Mary', 'Søren', 'Noor', 'Chloé', 'Ivan', 'Mei', 'Łukasz', 'Ana']
const lastNames = [
  "O'Neill",
  'Müller',
  'Šimek',
  'García',
  'Smith',
  'Nguyễn',
  'Rossi',
  'Dupré',
  'Kowalski',
  'Åberg',
  'Kim',
  'Van der Berg',
]
const apiNames = [
  'Orders',
  'Payments',
  'Catalog',
  'Weather',
  'Shipping',
  'Identity',
  'Météo',
  'Loyalty',
  'Invoices',
  'Search',
]
const vocabulary = [
  'request',
  'the',
  'plan',
  'upgrade',
  'your',
  'application',
  'has',
  'been',
  'approved',
  'limit',
  'exceeded',
  'déjà',
  'über',
  'métrique',
  'traffic',
  'of',
  'and',
  'service',
  '日本語',
  'price',
  '€',
  'naïve',
  "don't",
  'quota',
  'reset',
  'at',
  'midnight',
  'please',
  'contact',
  'support',
  'with',
  'a',
  'new',
  'key',
  '"quoted"',
  'back\\slash',
  'per',
  'month',
  '50%',
  'façade',
] as const

/** An organisation with spaces and accents; about 1,100 different ones before numbers are added. */
export function organisation(random: Random): string {
  return `${random.pick(adjectives)} ${random.pick(nouns)} ${random.pick(forms)}`
}

export function person(random: Random): { readonly first: string; readonly last: string } {
  return { first: random.pick(firstNames), last: random.pick(lastNames) }
}

export function apiName(random: Random): string {
  return random.pick(apiNames)
}

/** The ASCII, dash-separated form that 3scale uses in host names and system names. */
export function slug(name: string, separator: '-' | '_' = '-'): string {
  return name
    .normalize('NFD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, separator)
    .replaceAll(/^[-_]+|[-_]+$/g, '')
}

/**
 * Cheap running text: slices of one text that is made once per world.
 *
 * It holds accents, quotes, backslashes and line breaks, and no character above U+FFFF, which utf8mb3 could not store.
 */
export class Prose {
  readonly #text: string
  readonly #random: Random

  constructor(seed: number) {
    const random = new Random(seed, 'prose')
    const words: string[] = []
    for (let i = 0; i < 12_000; i++) words.push(random.pick(vocabulary), i % 17 === 16 ? '.\n' : ' ')
    this.#text = words.join('')
    this.#random = random
  }

  /** `characters` characters of text. */
  take(characters: number): string {
    const from = this.#random.below(this.#text.length - characters)
    return this.#text.slice(from, from + characters)
  }
}
