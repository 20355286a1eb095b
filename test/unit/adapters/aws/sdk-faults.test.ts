import assert from 'node:assert/strict'
import { test } from 'node:test'
import { awsFault, credentialsFault, refusalOf } from '../../../../src/adapters/aws/sdk-faults.ts'

/** As the SDK makes it of a service's answer. */
function refusal(name: string, httpStatusCode: number, more: object = {}): Error {
  const $metadata = { httpStatusCode, requestId: 'R1' }
  return Object.assign(new Error('words with s3cr3t'), { name, $fault: 'client', $metadata, ...more })
}

function failure(code: string, more: object = {}): Error {
  return Object.assign(new Error('words with s3cr3t'), { code, ...more })
}

test('every error becomes a fault by its code or status, without its words', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [refusal('ThrottlingException', 400), 'AWS_THROTTLED'],
    [refusal('SlowDown', 503), 'AWS_THROTTLED'],
    [refusal('Unknown', 429), 'AWS_THROTTLED'],
    [refusal('InternalError', 500), 'AWS_UNAVAILABLE'],
    [refusal('TokenRefreshRequired', 400), 'AWS_CREDENTIALS_EXPIRED'],
    [refusal('InvalidAccessKeyId', 403), 'AWS_CREDENTIALS_REFUSED'],
    [refusal('RequestInTheFuture', 403), 'AWS_CLOCK_SKEW'],
    [refusal('<html> s3cr3t', 418), 'AWS_REFUSED'],
    [failure('DEPTH_ZERO_SELF_SIGNED_CERT'), 'AWS_TLS_FAILED'],
    [failure('ERR_TLS_CERT_ALTNAME_INVALID'), 'AWS_TLS_FAILED'],
    [failure('ENOTFOUND', { hostname: 'h' }), 'AWS_UNREACHABLE'],
    [new AggregateError([failure('ECONNREFUSED', { address: '10.0.0.1', port: 443 })]), 'AWS_UNREACHABLE'],
    [Object.assign(new Error('x'), { name: 'TimeoutError' }), 'AWS_UNREACHABLE'],
    [failure('ERR_INVALID_URL'), 'AWS_FAILED'],
    ['s3cr3t', 'AWS_FAILED'],
  ]
  for (const [error, code] of cases) {
    const fault = awsFault(error)
    assert.equal(fault.code, code, String(error))
    assert.equal(fault.cause, undefined)
    assert.doesNotMatch(fault.message, /s3cr3t/)
  }
})

test('what can be over at the next try says so', () => {
  assert.equal(awsFault(refusal('SlowDown', 503)).retry, 'same-input')
  assert.equal(awsFault(failure('ECONNRESET')).retry, 'same-input')
  assert.equal(awsFault(refusal('AccessDenied', 403)).retry, 'after-remedy')
})

test('what STS refuses while credentials are looked for is about credentials', () => {
  assert.equal(credentialsFault(refusal('AccessDenied', 403)).code, 'AWS_CREDENTIALS_REFUSED')
  assert.equal(credentialsFault(refusal('ExpiredTokenException', 400)).code, 'AWS_CREDENTIALS_EXPIRED')
  assert.equal(credentialsFault(failure('ECONNREFUSED')).code, 'AWS_UNREACHABLE')
  const absent = Object.assign(new Error('none'), { name: 'CredentialsProviderError' })
  assert.equal(credentialsFault(absent).code, 'AWS_NO_CREDENTIALS')
})

test('where a bucket is comes from the header, or else from the answer', () => {
  const headers = { 'x-amz-bucket-region': 'eu-west-1' }
  assert.equal(refusalOf(refusal('PermanentRedirect', 301, { $response: { headers } }))?.region, 'eu-west-1')
  assert.equal(refusalOf(refusal('AuthorizationHeaderMalformed', 400, { Region: 'us-west-2' }))?.region, 'us-west-2')
  assert.equal(refusalOf(refusal('PermanentRedirect', 301))?.region, null)
})
