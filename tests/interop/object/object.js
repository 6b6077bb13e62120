// object.js <object tool>: what the original object models of both generations read in mutations that this library (the tool) wrote.
'use strict'
const { spawnSync } = require('child_process')
const assert = require('assert')

const tool = process.argv[2]
const FIELD = 2047
let checks = 0

function check (actual, expected, what) {
  checks++
  assert.deepStrictEqual(actual, expected, what)
}

// Mutations that set "k" to each of the values.
function write (generation, values) {
  const input = values.map(value => JSON.stringify(value) + '\n').join('')
  const done = spawnSync(tool, [String(generation)], { encoding: 'utf8', input })
  if (done.error) throw done.error
  if (done.status !== 0) throw new Error(`object tool: exit ${done.status || done.signal}: ${done.stderr}`)
  return done.stdout.trim().split('\n').map(line => Buffer.from(line, 'hex'))
}

// The doubles are in the bytes of a value, and nowhere else.
function doubles (bytes) {
  const tag = Buffer.from([(FIELD << 3 | 1) & 127 | 128, FIELD << 3 >> 7])
  const found = []
  for (let at = bytes.indexOf(tag); at >= 0; at = bytes.indexOf(tag, at + 10)) found.push(bytes.readDoubleLE(at + 2))
  return found
}

// A generator of its own, so that each run has the same numbers: xorshift32.
let seed = 1
function random () {
  seed ^= seed << 13
  seed ^= seed >>> 17
  seed ^= seed << 5
  return (seed >>> 0) / 4294967296
}

const numbers = [3.14, 0.1, -0.1, 4.5, 1e-50, -1e-300, 5e-324, 1.1e-40, 0.30000000000000004, 123456.789, 16777216.5, 1e15 + 0.25]
for (let i = 0; i < 500; i++) numbers.push((random() - 0.5) * 2 ** Math.floor(random() * 160 - 120))
const nested = { a: 0.1, b: { c: 3.14, d: 7, e: 'x' }, f: 4.5 }

for (const [generation, name] of [[1, 'old'], [2, 'new']]) {
  const { schema } = require(`./${name}/package/dist/src/proto/gen/index.js`)
  const { ValueUtil } = require(`./${name}/package/dist/src/mutation.js`)
  const codec = schema.getCodecForType('dxos.echo.object.ObjectMutationSet')
  const values = numbers.filter(number => number % 1 !== 0).concat([nested])
  const written = write(generation, values)
  check(written.length, values.length, 'one mutation for each value')
  values.forEach((value, i) => {
    const what = `${name}: ${JSON.stringify(value)}`
    const set = codec.decode(written[i])
    const own = codec.encode({ mutations: [{ operation: 0, key: 'k', value: ValueUtil.createMessage(value) }] })
    check(set, codec.decode(own), what) // the original sees what it writes itself
    check(Buffer.from(codec.encode(set)), Buffer.from(own), what) // and copies it as before
    const shown = ValueUtil.applyValue({}, 'k', set.mutations[0].value).k
    if (typeof value === 'number') check(shown, Math.fround(value), what)
    else check(shown, { a: Math.fround(0.1), b: { c: Math.fround(3.14), d: 7, e: 'x' }, f: 4.5 }, what)
    const kept = (typeof value === 'number' ? [value] : [0.1, 3.14]).filter(number => Math.fround(number) !== number)
    check(doubles(written[i]), kept, what)
  })
}
console.log(`${checks} checks: the original shows the floats`)
