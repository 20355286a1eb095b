import { readFile, stat, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { Secret } from '../base/secret.ts'
import { looksLikeObjectAddress, parseObjectAddress } from '../model/object-address.ts'
import type { Exchange, ExchangePlace, PartStore, PartyCard } from '../ports/exchange.ts'
import type { CliContext } from './context.ts'
import { errnoOf } from './errno.ts'
import { fault } from './faults.ts'
import { bytes, count } from './progress-line.ts'
import { readReference } from './read-reference.ts'
import { several } from './several.ts'

export interface ExchangePorts {
  readonly exchange: Exchange
  readonly openPlace: (place: ExchangePlace) => Promise<PartStore>
}

interface ExchangeOptions {
  readonly party?: string
  readonly out?: string
  readonly name?: string
  readonly to?: string
  readonly from?: string
  readonly recipient?: readonly string[]
  readonly sender?: readonly string[]
  readonly card?: string
  readonly signWith?: string
  readonly identity?: string
  readonly into?: string
  readonly manifest?: string
  readonly partSize: number
  readonly replace?: true
  readonly state?: string
  readonly json?: true
}

const mebibyte = 1024 * 1024

/** Adds `threeshift exchange keygen|pack|unpack`. */
export function registerExchange(program: Command, context: CliContext, ports: ExchangePorts): void {
  const exchange = program
    .command('exchange')
    .helpGroup('The data:')
    .summary('carry files from one party to another, encrypted')
    .description(
      'Files cross a bucket or folder that both parties reach, encrypted for the receiver, in parts with a digest each, listed\n' +
        'in a manifest that the sender signs. Each party has keys of its own; they know each other by their cards.',
    )
  exchange
    .command('keygen')
    .summary("make a party's keys and its card")
    .description(
      'Writes FILE (to decrypt with; the `age` program reads it too), FILE.signing (to sign with), and FILE.card.json, the\n' +
        'only one to give away. Nothing is written over.',
    )
    .option('--party <name>', 'whose keys, such as customer')
    .option('--out <file>', 'where to write them')
    .option('--json', 'print the card as one JSON object')
    .action((options: ExchangeOptions) => keygen(options, context, ports))
  exchange
    .command('pack')
    .argument('<files...>', 'what to send')
    .summary('encrypt files for other parties and put them into the place')
    .description(
      'The same command again puts only what is missing. Tell the receiver the digest that it prints, by another way.',
    )
    .option('--name <name>', 'of the exchange')
    .option('--to <place>', 's3://BUCKET/FOLDER or file:FOLDER')
    .option('--recipient <card>', 'card of whoever may read it (may be repeated)', several)
    .option('--card <file>', 'your own card')
    .option('--sign-with <reference>', 'file:FILE.signing, or env:NAME that holds it')
    .option('--replace', 'put it in the place of another exchange of that name')
    .option('--part-size <MiB>', 'what is encrypted and sent at once', parsePartSize, 16)
    .option('--state <folder>', 'where it is noted what was sent (.threeshift)')
    .option('--json', 'print one JSON object as the last line of stdout')
    .action((files: readonly string[], options: ExchangeOptions) => pack(files, options, context, ports))
  exchange
    .command('unpack')
    .summary('check, decrypt and write what another party has packed')
    .description(
      'A file gets its name only when it is whole and right. The same command goes on where an earlier one ended.',
    )
    .option('--name <name>', 'of the exchange')
    .option('--from <place>', 's3://BUCKET/FOLDER or file:FOLDER')
    .option('--identity <reference>', 'file:FILE that keygen wrote, or env:NAME that holds it')
    .option('--sender <card>', 'card of whoever may have sent it (may be repeated)', several)
    .option('--into <folder>', 'where to write the files')
    .option('--manifest <digest>', 'of the very exchange that is meant, as pack has printed it')
    .option('--json', 'print one JSON object as the last line of stdout')
    .action((options: ExchangeOptions) => unpack(options, context, ports))
}

async function keygen(options: ExchangeOptions, context: CliContext, { exchange }: ExchangePorts): Promise<void> {
  const party = needed('keygen', '--party', options.party)
  const out = resolve(context.cwd, needed('keygen', '--out', options.out))
  const { card, identity, signingKey } = await exchange.keygen(party)
  const files = [
    {
      file: out,
      mode: 0o600,
      text: `# ${party}\n# public key: ${card.recipient}\n${identity.reveal('it is kept in the file')}\n`,
    },
    { file: `${out}.signing`, mode: 0o600, text: signingKey.reveal('it is kept in the file') },
    { file: `${out}.card.json`, mode: 0o644, text: `${JSON.stringify(card, undefined, 2)}\n` },
  ]
  for (const { file, mode, text } of files) {
    await writeFile(file, text, { mode, flag: 'wx' }).catch((error: unknown) => {
      if (errnoOf(error) === 'EEXIST') throw fault('KEYS_EXIST', { file }, error)
      throw fault('FILE_UNWRITABLE', { file, reason: errnoOf(error) }, error)
    })
  }
  const text = `${out}\n${out}.signing\n${out}.card.json  ← give this one to the other parties\n`
  context.stdout.write(options.json ? `${JSON.stringify(card)}\n` : text)
}

async function pack(
  files: readonly string[],
  options: ExchangeOptions,
  context: CliContext,
  { exchange, openPlace }: ExchangePorts,
): Promise<void> {
  const signing = needed('pack', '--sign-with', options.signWith)
  const card = await readCard(needed('pack', '--card', options.card), context, exchange)
  const progress = progressOf(context)
  const report = await exchange
    .pack({
      files: files.map((file) => resolve(context.cwd, file)),
      name: needed('pack', '--name', options.name),
      to: await openPlace(placeOf(needed('pack', '--to', options.to), '--to', context)),
      recipients: await readCards(needed('pack', '--recipient', options.recipient), context, exchange),
      sender: { card, signingKey: await readReference(signing, '--sign-with', context) },
      partBytes: options.partSize * mebibyte,
      replace: options.replace === true,
      stateFolder: resolve(context.cwd, options.state ?? '.threeshift'),
      onProgress: progress.show,
      signal: context.signal,
    })
    .finally(progress.end)
  const text =
    `✓ packed ${count(report.files.length)} files in ${count(report.parts)} parts (${count(report.partsKept)} were there) at ${report.place}\n` +
    `Tell the receiver by another way: --manifest ${report.manifestSha256}\n`
  context.stdout.write(options.json ? `${JSON.stringify(report)}\n` : text)
}

async function unpack(
  options: ExchangeOptions,
  context: CliContext,
  { exchange, openPlace }: ExchangePorts,
): Promise<void> {
  const identity = needed('unpack', '--identity', options.identity)
  const progress = progressOf(context)
  const report = await exchange
    .unpack({
      name: needed('unpack', '--name', options.name),
      from: await openPlace(await placeThere(needed('unpack', '--from', options.from), context)),
      identity: identityOf(await readReference(identity, '--identity', context)),
      ...(options.manifest === undefined ? {} : { manifestSha256: options.manifest }),
      senders: await readCards(needed('unpack', '--sender', options.sender), context, exchange),
      folder: resolve(context.cwd, needed('unpack', '--into', options.into)),
      onProgress: progress.show,
      signal: context.signal,
    })
    .finally(progress.end)
  const lines = report.files.map(({ file, bytes: size, sha256 }) => `  ${file}  ${bytes(size)}  sha256 ${sha256}`)
  const text = [`✓ unpacked ${count(report.files.length)} files from ${report.sender}`, ...lines, ''].join('\n')
  context.stdout.write(options.json ? `${JSON.stringify(report)}\n` : text)
}

function needed<Value>(verb: string, option: string, value: Value | undefined): Value {
  if (value !== undefined) return value
  throw fault('OPTION_MISSING', { option, command: `threeshift exchange ${verb}` })
}

function placeOf(text: string, option: string, context: CliContext): ExchangePlace {
  if (looksLikeObjectAddress(text)) return { kind: 's3', at: parseObjectAddress(text, option) }
  if (text.startsWith('file:') && text.length > 'file:'.length) {
    return { kind: 'folder', folder: resolve(context.cwd, text.slice('file:'.length)) }
  }
  throw fault('OPTION_INVALID', { option, allowed: 's3://BUCKET/FOLDER or file:FOLDER' })
}

/** Where something is to lie already: a folder that is not there is a mistake, and no reason to wait. */
async function placeThere(text: string, context: CliContext): Promise<ExchangePlace> {
  const place = placeOf(text, '--from', context)
  if (place.kind !== 'folder') return place
  const found = await stat(place.folder).catch((error: unknown) => {
    throw fault('FILE_UNREADABLE', { file: place.folder, reason: errnoOf(error) }, error)
  })
  if (!found.isDirectory()) throw fault('FILE_UNREADABLE', { file: place.folder, reason: 'it is no folder' })
  return place
}

async function readCards(files: readonly string[], context: CliContext, exchange: Exchange): Promise<PartyCard[]> {
  return Promise.all(files.map((file) => readCard(file, context, exchange)))
}

async function readCard(name: string, context: CliContext, exchange: Exchange): Promise<PartyCard> {
  const file = resolve(context.cwd, name)
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw fault('FILE_UNREADABLE', { file, reason: errnoOf(error) }, error)
  })
  return exchange.readCard(text, name)
}

/** A file of `age-keygen` has comments above the key. */
function identityOf(file: Secret): Secret {
  const key = /^AGE-SECRET-KEY-\S+$/m.exec(file.reveal('find the key among the comments'))?.[0]
  return key === undefined ? file : new Secret(key)
}

function parsePartSize(text: string): number {
  const value = Number(text)
  if (/^\d{1,3}$/.test(text) && value >= 1 && value <= 512) return value
  throw fault('OPTION_INVALID', { option: '--part-size', allowed: '1 to 512 MiB' })
}

/** One line on stderr that is rewritten, on a terminal only. */
function progressOf({ stderr, env }: CliContext) {
  const live = stderr.isTTY === true && env('TERM') !== 'dumb'
  return {
    show: (progress: { readonly file: string; readonly bytes: number; readonly totalBytes: number }) => {
      if (live) stderr.write(`\r\u001B[2K${progress.file}  ${bytes(progress.bytes)} of ${bytes(progress.totalBytes)}`)
    },
    end: () => {
      if (live) stderr.write('\r\u001B[2K')
    },
  }
}
