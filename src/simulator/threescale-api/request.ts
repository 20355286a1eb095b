/** A request as the simulated 3scale gets it. */
export interface ApiRequest {
  readonly method: string
  /** Of the Host header, lower case, without port. */
  readonly host: string
  /** Without query, as it came. */
  readonly path: string
  readonly query: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Buffer
}

/**
 * The parameters of a request, from its path, query and body (form or JSON), as Rails merges them.
 *
 * Nested ones are flat: `token[name]`. Lists are kept under `scopes[]`. What comes later in that order wins.
 */
export class Params {
  readonly #values = new Map<string, readonly string[]>()

  constructor(request: ApiRequest, path: Readonly<Record<string, string>>) {
    this.#addPairs(new URLSearchParams(request.query))
    const type = request.headers['content-type'] ?? ''
    if (type.startsWith('application/json')) this.#addJson('', parseBody(request.body))
    else this.#addPairs(new URLSearchParams(request.body.toString('utf8')))
    for (const [name, value] of Object.entries(path)) this.#values.set(name, [value])
  }

  get(name: string): string | undefined {
    return this.#values.get(name)?.at(-1)
  }

  /** As `get`, from inside `wrapper` when it is there: Rails wraps what a client sends bare. */
  within(wrapper: string, name: string): string | undefined {
    return this.get(`${wrapper}[${name}]`) ?? this.get(name)
  }

  list(wrapper: string, name: string): readonly string[] {
    return this.#values.get(`${wrapper}[${name}][]`) ?? this.#values.get(`${name}[]`) ?? []
  }

  /** `usage[hits]=1` as pairs. */
  children(name: string): readonly (readonly [string, string])[] {
    return [...this.#values].flatMap(([key, values]) =>
      key.startsWith(`${name}[`) && key.endsWith(']') ? [[key.slice(name.length + 1, -1), values.at(-1) ?? '']] : [],
    )
  }

  #addPairs(pairs: URLSearchParams): void {
    for (const name of new Set(pairs.keys())) this.#values.set(name, pairs.getAll(name))
  }

  #addJson(prefix: string, value: unknown): void {
    if (Array.isArray(value)) this.#values.set(`${prefix}[]`, value.map(String))
    else if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) {
        this.#addJson(prefix === '' ? name : `${prefix}[${name}]`, inner)
      }
    } else if (prefix !== '' && isScalar(value)) this.#values.set(prefix, [String(value)])
  }
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

function parseBody(body: Buffer): unknown {
  try {
    return body.length === 0 ? {} : JSON.parse(body.toString('utf8'))
  } catch {
    throw new BadRequest()
  }
}

/** What cannot be understood at all: 400. */
export class BadRequest extends Error {}
