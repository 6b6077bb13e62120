// Makes json_numbers.inc: how an ECMAScript engine prints doubles. node json_numbers.mjs > json_numbers.inc
const view = new DataView(new ArrayBuffer(8));
const bits = (d) => (view.setFloat64(0, d), view.getBigUint64(0));
const double = (b) => (view.setBigUint64(0, BigInt.asUintN(64, b)), view.getFloat64(0));
const text = (d) => (Object.is(d, -0) ? '-0' : JSON.stringify(d)); // the one difference: JSON.stringify(-0) loses the sign

let state = 20240229n;
const random = () => {
  state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
  return state ^ (state >> 29n);
};

const seen = new Map();
const add = (d) => Number.isFinite(d) && seen.set(bits(d), d);
const around = (d) => [-1n, 0n, 1n].forEach((step) => add(double(bits(d) + step)));

[0, -0, 1, -1, 0.1, 0.2, 0.3, 1 / 3, 2 / 3, 5e-324, 1e-323, Number.MAX_VALUE, 2.2250738585072014e-308, 1e23, 9.5e22, 123456789012345680000,
  1.7976931348623157e308, 4.35, 0.000001, 0.0000001, 1.5e-7, 123456.789, 299792458, 6.02214076e23, 1125899906842624.25, 1125899906842624.75,
  9007199254740991, 9007199254740992, 9007199254740994, 18446744073709551616, -9223372036854775808, 5e-7, 100, 1e2, 12e3].forEach(add);
for (const e of [-7, -6, -1, 0, 1, 15, 16, 17, 20, 21, 22, 23, 100, -100, 300, -300]) around(Number(`1e${e}`));
// Powers of two have a nearer neighbour below. Those that printing 1 to 17 correctly rounded digits gets wrong come first.
for (let e = -1074; e < 1024; e++) {
  const d = 2 ** e;
  const shortest = text(d);
  let plain = null;
  for (let p = 1; p <= 17 && plain === null; p++) if (Number(d.toPrecision(p)) === d) plain = d.toPrecision(p);
  if (Number(plain) === d && plain.replace(/e.*|\D|0+$/g, '').length > shortest.replace(/e.*|\D|0+$/g, '').length) around(d);
  else if (e % 67 === 0) around(d);
}
for (let i = 0; i < 60; i++) add(double(random()));
for (let i = 0; i < 20; i++) add(double(random() & 0x800fffffffffffffn)); // subnormal
for (let i = 0; i < 20; i++) add(2 ** 50 + Number(random() % 4000n) / 8); // ties between two texts
for (let i = 0; i < 40; i++) add(Number(random() >> 20n) / 10 ** Number(random() % 18n));

console.log('/* Made by json_numbers.mjs: bits of a double, and its text in ECMAScript. */');
for (const [b, d] of seen) console.log(`{UINT64_C(0x${b.toString(16).padStart(16, '0')}), "${text(d)}"},`);
