// hypercore.js <feed tool> <fixtures> <work folder>: feeds go back and forth between this library (the tool) and the original hypercore.
'use strict'
const { spawnSync } = require('child_process')
const fs = require('fs')
const path = require('path')
const hypercore = require('hypercore')

const [tool, fixtures, work] = process.argv.slice(2)
const version = require('hypercore/package.json').version
let checks = 0
let finished = false

function check (ok, what) {
  checks++
  if (!ok) throw new Error('failed: ' + what)
}

function run (expected, ...args) {
  const done = spawnSync(tool, args.map(String), { encoding: 'utf8' })
  if (done.error) throw done.error
  if (done.status !== expected) {
    throw new Error(`feed tool ${args.join(' ').slice(0, 200)}: exit ${done.status || done.signal}: ${done.stderr}`)
  }
  return done.stdout.trim()
}

// The same as make_block() of the tool.
function block (seq) {
  const bytes = Buffer.alloc(seq * 37 % 211 + (seq % 50 === 49 ? 180 : 0))
  for (let i = 0; i < bytes.length; i++) bytes[i] = seq * 7 + i * 13
  return bytes
}

function blocks (from, n) {
  return Array.from({ length: n }, (_, i) => block(from + i))
}

const call = (object, name, ...args) =>
  new Promise((resolve, reject) => object[name](...args, (err, value) => err ? reject(err) : resolve(value)))

async function open (folder, key, opts) {
  const feed = hypercore(folder, key, opts)
  await call(feed, 'ready')
  return feed
}

// All blocks right, all hashes right, and every signature there is good.
async function examine (feed, length, from, signed) {
  check(feed.length === length, `hypercore sees ${feed.length} blocks, not ${length}`)
  for (let seq = from; seq < length; seq++) {
    check((await call(feed, 'get', seq, { wait: false })).equals(block(seq)), `block ${seq}`)
  }
  if (length === 0) return
  const batch = await call(feed, 'getBatch', from, length, { wait: false })
  check(batch.every((b, i) => b.equals(block(from + i))), 'batch')
  const report = await call(feed, 'audit')
  check(report.valid === length && report.invalid === 0, `audit: ${JSON.stringify(report)}`)
  for (const seq of signed) {
    const found = await call(feed, 'signature', seq)
    check(found.index === seq, `signature at ${seq}`)
    check(await call(feed, 'verify', found.index, found.signature), `signature ${seq}`)
  }
}

// A hypercore that asks another for some blocks, or all, with proofs. (Not first for block 0: it is empty, and hypercore cannot read an
// empty block while it has no data file.)
async function replicate (feed, folder, wanted) {
  const replica = await open(folder, feed.key, { sparse: true })
  const here = feed.replicate(true, { live: true })
  const there = replica.replicate(false, { live: true })
  here.on('error', () => {})
  there.on('error', () => {})
  here.pipe(there).pipe(here)
  if (replica.length < feed.length) await call(replica, 'update')
  check(replica.length === feed.length, 'the replica knows the length')
  for (const seq of wanted) check((await call(replica, 'get', seq)).equals(block(seq)), `replicated block ${seq}`)
  here.destroy()
  there.destroy()
  await call(replica, 'close')
}

async function backAndForth () {
  const folder = path.join(work, 'rounds')
  const key = run(0, 'create', folder, 1)
  const place = path.join(folder, key)
  let length = 0
  const signed = []
  const took = n => { length += n; if (n > 0) signed.push(length - 1) }

  const empty = await open(place)
  check(empty.key.toString('hex') === key && empty.writable && empty.length === 0, 'an empty feed')
  await call(empty, 'close')
  run(0, 'verify', folder, key, 0, 0)

  for (let round = 0; round < 6; round++) {
    const batches = [1, 1, 3 + round, 1, 40 * round, 7]
    run(0, 'append', folder, key, ...batches)
    batches.forEach(took)
    run(0, 'verify', folder, key, length, 0)
    const feed = await open(place)
    await examine(feed, length, 0, signed)
    for (const n of [1, 2, 13 * round, 1]) {
      await call(feed, 'append', n === 1 ? block(length) : blocks(length, n))
      took(n)
    }
    await call(feed, 'close')
    run(0, 'verify', folder, key, length, 0)
  }
  return { folder, key, length }
}

async function acrossPages () {
  const folder = path.join(work, 'pages')
  const key = run(0, 'create', folder, 2)
  const place = path.join(folder, key)
  run(0, 'append', folder, key, 8000, 191, 1, 1)
  let feed = await open(place)
  await examine(feed, 8193, 0, [7999, 8190, 8191, 8192])
  await call(feed, 'append', blocks(8193, 8200))
  await call(feed, 'append', block(16393))
  await call(feed, 'close')
  run(0, 'verify', folder, key, 16394, 0)
  run(0, 'append', folder, key, 9000)
  feed = await open(place)
  await examine(feed, 25394, 0, [16392, 16393, 25393])
  const wanted = [1, 0, 2, 8191, 8192, 8193, 16383, 16384, 16392, 25000, 25393]
  const sparse = path.join(work, 'sparse')
  await replicate(feed, path.join(sparse, key), wanted)
  await call(feed, 'close')
  run(0, 'verify-sparse', sparse, key, 25394, ...wanted)
  // What hypercore got by replication we can prove, and pass on.
  const onward = path.join(work, 'onward')
  fs.mkdirSync(onward)
  run(0, 'pass', sparse, key, onward, ...wanted.flatMap(seq => [seq, seq + 1]))
  run(0, 'verify-sparse', onward, key, 25394, ...wanted)
  await examineSparse(path.join(onward, key), 25394, wanted)
}

// A feed that was put together from proofs: hypercore has the blocks that are there, and says of the others that they are not.
async function examineSparse (place, length, wanted) {
  const feed = await open(place, undefined, { sparse: true })
  check(!feed.writable && feed.length === length, `hypercore sees ${feed.length} blocks, not ${length}`)
  const step = length > 1000 ? 101 : 1
  const others = Array.from({ length: Math.ceil(length / step) }, (_, i) => i * step).filter(seq => !wanted.includes(seq))
  for (const seq of wanted) {
    check(feed.has(seq), `has ${seq}`)
    check((await call(feed, 'get', seq, { wait: false })).equals(block(seq)), `sparse block ${seq}`)
  }
  for (const seq of others) {
    check(!feed.has(seq), `has not ${seq}`)
    check(await call(feed, 'get', seq, { wait: false }).then(() => false, () => true), `no block ${seq}`)
  }
  const report = await call(feed, 'audit')
  check(report.valid === wanted.length && report.invalid === 0, `audit: ${JSON.stringify(report)}`)
  await call(feed, 'close')
}

// Ranges in no order, of a feed that grows meanwhile; then hypercore gets the rest of them from hypercore.
async function passedOn () {
  const folder = path.join(work, 'source')
  const target = path.join(work, 'target')
  const key = run(0, 'create', folder, 3)
  const wanted = []
  let length = 0
  fs.mkdirSync(target)
  const grow = (...sizes) => { run(0, 'append', folder, key, ...sizes); sizes.forEach(n => { length += n }) }
  const pass = async (...ranges) => {
    run(0, 'pass', folder, key, target, ...ranges)
    for (let i = 0; i < ranges.length; i += 2) {
      for (let seq = ranges[i]; seq < ranges[i + 1]; seq++) if (!wanted.includes(seq)) wanted.push(seq)
    }
    run(0, 'verify-sparse', target, key, length, ...wanted)
    await examineSparse(path.join(target, key), length, wanted)
  }
  grow(7)
  await pass(3, 4)
  grow(3, 1, 20)
  await pass(20, 23, 9, 11)
  grow(19)
  await pass(49, 50)
  grow(40, 10)
  await pass(50, 97, 0, 2)
  const source = await open(path.join(folder, key))
  const rest = Array.from({ length }, (_, i) => i).filter(seq => !wanted.includes(seq))
  await replicate(source, path.join(target, key), rest)
  await call(source, 'close')
  run(0, 'verify', target, key, length, 0)
}

async function wholeReplica ({ folder, key, length }) {
  const feed = await open(path.join(folder, key))
  const copy = path.join(work, 'copy')
  const order = Array.from({ length }, (_, i) => (1 + i * 7919) % length).filter((seq, i, all) => all.indexOf(seq) === i)
  await replicate(feed, path.join(copy, key), order)
  await call(feed, 'close')
  if (order.length === length) run(0, 'verify', copy, key, length, 0)
  else run(0, 'verify-sparse', copy, key, length, ...order)
}

async function oneWriterAtATime ({ folder, key, length }) {
  try {
    require('fsctl')
  } catch (err) {
    console.log('hypercore has no locks here: not tried')
    return
  }
  const feed = await open(path.join(folder, key))
  run(3, 'append', folder, key, 1)
  await call(feed, 'append', block(length))
  await call(feed, 'close')
  run(0, 'append', folder, key, 1)
  run(0, 'verify', folder, key, length + 2, 0)
}

async function oldFeeds () {
  for (const set of ['c-hypercore-7.7.1', 'c-hypercore-9.12.0']) {
    for (const file of fs.readdirSync(path.join(fixtures, set)).filter(name => name.endsWith('.json'))) {
      const name = file.slice(0, -5)
      const about = JSON.parse(fs.readFileSync(path.join(fixtures, set, file)))
      if (!fs.existsSync(path.join(fixtures, set, name, 'secret_key'))) continue
      const folder = path.join(work, set + '-' + name)
      const place = path.join(folder, about.key)
      fs.cpSync(path.join(fixtures, set, name), place, { recursive: true })
      run(0, 'append', folder, about.key, 1, 5, 1)
      const feed = await open(place)
      if (about.blocks) {
        for (let seq = 0; seq < about.length; seq++) {
          check((await call(feed, 'get', seq, { wait: false })).equals(Buffer.from(about.blocks[seq], 'base64')), `${name}: block ${seq}`)
        }
      }
      const length = about.length + 7
      await examine(feed, length, about.length, [about.length, about.length + 5, length - 1])
      await call(feed, 'append', blocks(length, 4))
      await call(feed, 'close')
      run(0, 'verify', folder, about.key, length + 4, about.length)
    }
  }
}

async function main () {
  const rounds = await backAndForth()
  await wholeReplica(rounds)
  await oneWriterAtATime(rounds)
  await acrossPages()
  await passedOn()
  await oldFeeds()
  console.log(`hypercore ${version}: ${checks} checks passed`)
  finished = true
  process.exit(0)
}

main().catch(err => {
  console.error(err)
  process.exit(1)
})
// A promise that is never kept must not pass for success.
process.on('exit', () => { if (!finished) process.exitCode = 1 })
