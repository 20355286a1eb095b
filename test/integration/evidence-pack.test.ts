import assert from 'node:assert/strict'
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import * as fc from 'fast-check'
import { canonicalJson } from '../../src/base/canonical-json.ts'
import { Fault } from '../../src/base/fault.ts'
import type { EpochMs } from '../../src/base/clock.ts'
import { checkPack } from '../../src/evidence/check-pack.ts'
import { digestOf, type SigningKey } from '../../src/evidence/signing-key.ts'
import { type PackContent, writePack } from '../../src/evidence/write-pack.ts'
import { signedManifestSchema } from '../../src/model/evidence.ts'
import { sealProof } from '../../src/model/proof.ts'
import { makeKey, sampleChain } from '../support/chains.ts'

const proof = sealProof({
  made: { by: 'threeshift 1', at: '2026-11-27T10:00:00.000Z', source: 'mysql', target: 'postgresql' },
  copy: null,
  tables: [],
  verdict: { kind: 'equal', differences: [], more: false, declared: { cells: 0, rows: 0 }, notChecked: [] },
})

const lines = async (copy: string, change: (lines: readonly string[]) => readonly string[]) => {
  const file = join(copy, 'journal.jsonl')
  const before = (await readFile(file, 'utf8')).trimEnd().split('\n')
  await writeFile(
    file,
    change(before)
      .map((line) => `${line}\n`)
      .join(''),
  )
}

/** Cuts the journal, and makes the manifest fit; signed anew with `key`. */
const refit = async (copy: string, key: SigningKey | null) => {
  await lines(copy, (all) => all.slice(0, 5))
  const file = join(copy, 'manifest.json')
  const { manifest, signature } = signedManifestSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  const journal = await readFile(join(copy, 'journal.jsonl'))
  const hash = (JSON.parse(journal.toString().trimEnd().split('\n').at(-1) ?? '') as { hash: typeof manifest.head })
    .hash
  const files = manifest.files.map((entry) =>
    entry.name === 'journal.jsonl' ? { ...entry, bytes: journal.length, sha256: digestOf(journal) } : entry,
  )
  const shorter = { ...manifest, records: 5, head: hash, files }
  const signed = { manifest: shorter, signature: key === null ? signature : key.sign('manifest', shorter) }
  await writeFile(file, `${canonicalJson(signed)}\n`)
}

const fails = (code: string) => (error: unknown) => error instanceof Fault && error.code === code

describe('an evidence pack', () => {
  let folder: string
  let whole: string
  let control: SigningKey
  let content: PackContent

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'threeshift-pack-'))
    whole = join(folder, 'whole')
    const { chain } = sampleChain(7)
    control = chain.sealer
    content = {
      migration: 'acme',
      lines: chain.lines,
      report: '{"verdict":"done"}\n',
      page: '<!doctype html>\n',
      attached: new Map([['proof.json', Buffer.from(proof)]]),
      madeAt: 1_790_000_000_000 as EpochMs,
      madeBy: 'threeshift test',
    }
    await writePack(whole, content, control)
  })
  after(() => rm(folder, { recursive: true, force: true }))

  let copies = 0
  /** A copy of the whole pack, changed. */
  async function tampered(change: (copy: string) => Promise<void>) {
    const copy = join(folder, `copy-${++copies}`)
    await cp(whole, copy, { recursive: true })
    await change(copy)
    const checked = await checkPack(copy, new Map())
    await rm(copy, { recursive: true })
    return checked
  }
  const first = async (change: (copy: string) => Promise<void>) => {
    const checked = await tampered(change)
    assert.equal(checked.verdict, 'tampered')
    const [problem] = checked.problems
    assert.ok(problem)
    return `${problem.where}: ${problem.says}`
  }
  test('is sound as it was written, and says by which keys', async () => {
    const checked = await checkPack(whole, new Map([['control-plane', control.id.slice(0, 16)]]))
    assert.deepEqual(checked.problems, [])
    assert.equal(checked.verdict, 'sound')
    assert.equal(checked.records, 7)
    assert.deepEqual(
      checked.keys.map(({ holder }) => holder),
      ['control-plane', 'customer'],
    )
    assert.match(checked.notes.join(), /no record of the journal names this proof/)
  })

  test('is not sound with any byte of any file changed, and the record or the file is named', async () => {
    const names = (await readdir(whole, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(whole.length + 1))
    assert.equal(names.length, 6)
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.nat(1_000_000),
        fc.integer({ min: 1, max: 255 }),
        async (name, place, flip) => {
          const bytes = await readFile(join(whole, name))
          const at = place % bytes.length
          const record = bytes.subarray(0, at).filter((byte) => byte === 0x0a).length
          bytes[at] = (bytes[at] ?? 0) ^ flip
          const said = await first((copy) => writeFile(join(copy, name), bytes))
          if (name === 'journal.jsonl')
            assert.match(said, new RegExp(`^record ${record}: |^journal.jsonl: its last line`))
          else assert.ok(said.startsWith(`${name}: `), said)
        },
      ),
      { numRuns: 150 },
    )
  })

  test('names the record that was dropped, the two that were swapped, and the end that was cut off', async () => {
    assert.match(await first((copy) => lines(copy, (all) => all.toSpliced(3, 1))), /^record 4: .*record 3 missing/)
    const swapped = await tampered((copy) => lines(copy, (all) => all.with(3, all[4] ?? '').with(4, all[3] ?? '')))
    assert.deepEqual(
      swapped.problems.slice(0, 2).map(({ where }) => where),
      ['record 4', 'record 3'],
    )
    assert.equal(
      await first((copy) => lines(copy, (all) => all.slice(0, 5))),
      'record 5: journal.jsonl has 5 of 7 records: 2 are missing',
    )
    assert.match(await first((copy) => lines(copy, () => [])), /^record 0: journal.jsonl has 0 of 7 records/)
  })

  test('a cut end is found even when the manifest was made to fit, for nobody else can sign it', async () => {
    assert.equal(await first((copy) => refit(copy, null)), 'manifest.json: its signature is not valid: it was changed')
    assert.match(
      await first((copy) => refit(copy, makeKey('control-plane'))),
      /^manifest.json: it is signed with a foreign key/,
    )
  })

  test('holds nothing that is not listed, and lacks nothing that is', async () => {
    assert.equal(
      await first((copy) => writeFile(join(copy, 'more.txt'), 'x')),
      'more.txt: the manifest does not list it',
    )
    for (const name of ['keys.json', 'report.html', 'attachments/proof.json', 'manifest.json', 'journal.jsonl']) {
      assert.equal(await first((copy) => rm(join(copy, name))), `${name}: it is missing`)
    }
    assert.equal(
      await first((copy) => appendFile(join(copy, 'manifest.json'), '\n')),
      'manifest.json: it is not the manifest that was written',
    )
  })

  test('of somebody else, whole and with keys of its own, is told by the keys that one trusts', async () => {
    const forged = join(folder, 'forged')
    const { chain } = sampleChain(7)
    await writePack(forged, { ...content, lines: chain.lines }, chain.sealer)
    assert.equal((await checkPack(forged, new Map())).verdict, 'sound')
    const checked = await checkPack(forged, new Map([['control-plane', control.id]]))
    assert.match(checked.problems[0]?.says ?? '', /^control-plane signs with [0-9a-f]{16}, not with the one you trust$/)
  })

  test('with a proof that contradicts itself is not sound', async () => {
    const broken = join(folder, 'broken-proof')
    const attached = new Map([['proof.json', Buffer.from(proof.replace('"equal"', '"different"'))]])
    await writePack(broken, { ...content, attached }, control)
    const checked = await checkPack(broken, new Map())
    assert.equal(checked.problems[0]?.where, 'attachments/proof.json')
  })

  test('is not made of a journal that is broken or empty, nor in a folder that is taken', async () => {
    const out = join(folder, 'not-made')
    await assert.rejects(
      writePack(out, { ...content, lines: content.lines.toSpliced(2, 1) }, control),
      fails('PACK_JOURNAL_BROKEN'),
    )
    await assert.rejects(writePack(out, { ...content, lines: [] }, control), fails('PACK_JOURNAL_EMPTY'))
    await mkdir(out)
    await writeFile(join(out, 'mine'), '')
    await assert.rejects(writePack(out, content, control), fails('PACK_FOLDER_TAKEN'))
    await assert.rejects(checkPack(join(folder, 'nowhere'), new Map()), fails('PACK_UNREADABLE'))
  })
})
