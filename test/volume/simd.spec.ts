import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import wabt from 'wabt';

const folder = path.join(import.meta.dirname, '..', '..', 'src', 'volume', 'simd');

describe('WebAssembly of the volume kernels', () => {
  it('blend.wasm.ts is what blend.wat says; WILLIS_WRITE_WASM=1 writes it anew', async () => {
    const file = path.join(folder, 'blend.wat');
    const assembler = await wabt();
    const parsed = assembler.parseWat(file, readFileSync(file, 'utf8'), { simd: true });
    const bytes = Buffer.from(parsed.toBinary({}).buffer).toString('base64');
    parsed.destroy();
    const made = `/** blend.wat, assembled: see there. */\nexport const blendWasm =\n  '${bytes}';\n`;
    const stored = path.join(folder, 'blend.wasm.ts');
    if (process.env['WILLIS_WRITE_WASM'] === '1') writeFileSync(stored, made);
    expect(readFileSync(stored, 'utf8')).to.equal(made);
  });
});
