import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { indexToLps, maskOnGrid, readNifti, type Size } from '../../src/volume/index.ts';
import { niftiBytes } from '../support/nifti.ts';

describe('NIfTI masks', () => {
  const size: Size = [4, 3, 2];
  const data = Uint8Array.from({ length: 24 }, (_, index) => index % 3);
  // 30 degrees about z, 0.5 x 0.6 x 2 mm, first voxel at RAS (10, -20, 30)
  const [cosine, sine] = [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6)];
  const affine = [
    [0.5 * cosine, -0.6 * sine, 0, 10],
    [0.5 * sine, 0.6 * cosine, 0, -20],
    [0, 0, 2, 30],
  ];

  it('lie in LPS where their affine says in RAS, gzipped or not', () => {
    const volume = readNifti(niftiBytes(size, affine, data));
    expect([...volume.data]).to.deep.equal([...data]);
    expect(volume.spacingMm.map((mm) => Number(mm.toFixed(5)))).to.deep.equal([0.5, 0.6, 2]);
    const [x, y, z] = indexToLps(volume, [3, 2, 1]);
    const [right, anterior, superior] = affine.map((row) => 3 * row[0]! + 2 * row[1]! + row[2]! + row[3]!);
    expect(x).to.be.closeTo(-right!, 1e-5);
    expect(y).to.be.closeTo(-anterior!, 1e-5);
    expect(z).to.be.closeTo(superior!, 1e-5);
    expect(readNifti(gzipSync(niftiBytes(size, affine, data)))).to.deep.equal(volume);
  });

  it('are refused by name where they are none, tell no place, or lean', () => {
    const sheared = affine.map((row, index) => (index === 0 ? [row[0]!, row[1]!, 0.7, row[3]!] : row));
    const code = 'NIFTI_NOT_USABLE';
    for (const [bytes, why] of [
      [new Uint8Array(400), /no NIfTI file/],
      [new Uint8Array(3), /was refused/],
      [niftiBytes(size, affine, data, 0), /no place in the patient/],
      [niftiBytes(size, sheared, data), /right angles/],
      [niftiBytes(size, affine, data).subarray(0, 360), /was refused/],
      [Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3]), /was refused/],
    ] as const)
      expect(() => readNifti(bytes), String(why))
        .to.throw(why)
        .with.property('code', code);
  });

  it('come to lie on another grid voxel by voxel, 0 outside', () => {
    const { data: values, ...grid } = readNifti(niftiBytes(size, affine, data));
    const mask = Uint8Array.from(values);
    expect(maskOnGrid(mask, grid, grid)).to.deep.equal(mask);
    const flipped = {
      ...grid,
      originLpsMm: indexToLps(grid, [3, 0, 0]),
      directions: [
        grid.directions[0].map((value) => -value),
        grid.directions[1],
        grid.directions[2],
      ] as never,
    };
    const there = maskOnGrid(mask, grid, flipped);
    expect(there[0]).to.equal(mask[3]);
    expect(maskOnGrid(there, flipped, grid)).to.deep.equal(mask);
    const away = { ...grid, originLpsMm: [500, 0, 0] as const };
    expect(maskOnGrid(mask, grid, away).every((value) => value === 0)).to.equal(true);
  });
});
