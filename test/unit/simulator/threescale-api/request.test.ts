import assert from 'node:assert/strict'
import { test } from 'node:test'
import { render } from '../../../../src/simulator/threescale-api/reply.ts'
import { Digits, Json } from '../../../../src/simulator/threescale-api/reply.ts'
import { Params, type ApiRequest } from '../../../../src/simulator/threescale-api/request.ts'
import { splitWords } from '../../../../src/simulator/threescale-api/split-words.ts'

function request(changes: Partial<ApiRequest>): ApiRequest {
  return { method: 'POST', host: 'h', path: '/', query: '', headers: {}, body: Buffer.alloc(0), ...changes }
}

test('parameters come from query, form and path, and the later ones win', () => {
  const params = new Params(
    request({ query: 'a=1&b=1&usage[hits]=3', body: Buffer.from('b=2&scopes[]=x&scopes[]=y&id=9') }),
    { id: '7' },
  )
  assert.deepEqual(
    ['a', 'b', 'id', 'none'].map((name) => params.get(name)),
    ['1', '2', '7', undefined],
  )
  assert.deepEqual(params.list('token', 'scopes'), ['x', 'y'])
  assert.deepEqual(params.children('usage'), [['hits', '3']])
})

test('JSON is the same as a form, wrapped or bare', () => {
  const headers = { 'content-type': 'application/json' }
  for (const body of [{ token: { name: 'n', scopes: ['x'] } }, { name: 'n', scopes: ['x'] }]) {
    const params = new Params(request({ headers, body: Buffer.from(JSON.stringify(body)) }), {})
    assert.equal(params.within('token', 'name'), 'n')
    assert.deepEqual(params.list('token', 'scopes'), ['x'])
  }
  assert.throws(() => new Params(request({ headers, body: Buffer.from('{') }), {}))
})

test('a list is JSON of items or XML with its totals, and ids of 64 bits stay whole', () => {
  const reply = {
    kind: 'list',
    root: 'accounts',
    item: 'account',
    rows: [{ id: new Digits('9007199254740993'), org_name: 'A & B', none: null, content: new Json('{"x":1}') }],
    page: { perPage: 1, current: 2, entries: 3 },
  } as const
  assert.equal(
    render(reply, 'json').body,
    '{"accounts":[{"account":{"id":9007199254740993,"org_name":"A & B","none":null,"content":{"x":1}}}]}',
  )
  const xml = render(reply, 'xml')
  assert.match(xml.headers['content-type'] ?? '', /xml/)
  assert.match(xml.body, /<accounts per_page="1" total_entries="3" total_pages="3" current_page="2"><account>/)
  assert.match(xml.body, /<id>9007199254740993<\/id><org_name>A &amp; B<\/org_name><none><\/none>/)
})

test('what is invalid is told by attribute in JSON, and as sentences in XML', () => {
  const reply = { kind: 'invalid', errors: { org_name: ["can't be blank"] } } as const
  assert.equal(render(reply, 'json').body, '{"errors":{"org_name":["can\'t be blank"]}}')
  assert.match(render(reply, 'xml').body, /<errors><error>Org name can&apos;t be blank<\/error><\/errors>/)
  assert.equal(render(reply, 'xml').status, 422)
})

test('a command behind a shell is taken apart as a shell would', () => {
  assert.deepEqual(splitWords(`bundle exec rails runner "puts \\"a\\"" 'it is' x\\ y ''`), [
    'bundle',
    'exec',
    'rails',
    'runner',
    'puts "a"',
    'it is',
    'x y',
    '',
  ])
})
