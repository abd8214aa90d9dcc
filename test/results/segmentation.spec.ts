import { expect } from 'chai';
import { readInstance, part10Header, type Instance } from '../../src/dicom/index.ts';
import { buildResults, type ResultInput } from '../../src/results/index.ts';
import { findingSegments } from '../../src/results/seg/masks.ts';
import { indexToLps } from '../../src/volume/index.ts';
import { indexOf, madeAneurysm, madeInput, madeSource } from '../support/result-input.ts';

describe('segmentation', () => {
  const made = madeSource();
  const findings = [madeAneurysm(made, [2, 1, 0]), madeAneurysm(made, [-12, 1, -2], { maxDiameterMm: 4.5 })];
  const input = madeInput(made, { state: 'findings', findings });

  it('of a finding holds the voxels within its radius and no others, on the source grid', () => {
    const segments = findingSegments(input);
    expect(segments.map(({ finding, number }) => [finding, number])).to.deep.equal([
      [0, 1],
      [1, 2],
    ]);
    const [nx] = made.volume!.size;
    for (const { finding, slices } of segments) {
      const { centreLpsMm, maxDiameterMm } = findings[finding]!;
      for (const { slice, inside } of slices) {
        inside.forEach((value, voxel) => {
          const point = indexToLps(made.volume!, [voxel % nx, Math.floor(voxel / nx), slice]);
          const distance = Math.hypot(...point.map((v, axis) => v - centreLpsMm[axis]!));
          // the map is linear around the surface; between its 1 mm voxels it errs by less than half of one
          if (distance < maxDiameterMm / 2 - 0.5) expect(value).to.equal(1);
          if (distance > maxDiameterMm / 2 + 0.5) expect(value).to.equal(0);
        });
      }
    }
  });

  it("uses the pipeline's own masks where it has them, whatever their grid", () => {
    const { volume } = made;
    const flipped = {
      size: volume!.size,
      spacingMm: volume!.spacingMm,
      originLpsMm: indexToLps(volume!, [volume!.size[0] - 1, 0, 0]),
      directions: [
        volume!.directions[0].map((v) => -v) as unknown as readonly [number, number, number],
        volume!.directions[1],
        volume!.directions[2],
      ] as const,
    };
    const inside = new Uint8Array(volume!.data.length);
    const [nx, ny] = volume!.size;
    inside[nx - 1 - 7 + nx * (9 + ny * 4)] = 1;
    const masks = [{ finding: 1, grid: flipped, inside }];
    const own: ResultInput = { ...input, output: { ...input.output!, masks } };
    const segments = findingSegments(own);
    expect(segments.map(({ finding, number }) => [finding, number])).to.deep.equal([[1, 1]]);
    expect(segments[0]!.slices).to.have.length(1);
    expect(segments[0]!.slices[0]!.slice).to.equal(4);
    expect(segments[0]!.slices[0]!.inside.indexOf(1)).to.equal(7 + nx * 9);
    expect(segments[0]!.slices[0]!.inside.reduce((sum, value) => sum + value, 0)).to.equal(1);
  });

  it('packs one bit a pixel, frames without padding between them', async () => {
    const seg = await build(input);
    const segments = findingSegments(input);
    const bits = segments.flatMap(({ slices }) => slices.flatMap(({ inside }) => [...inside]));
    const element = seg.dataSet.elements['x7fe00010']!;
    const bytes = seg.dataSet.byteArray.subarray(element.dataOffset, element.dataOffset + element.length);
    expect(seg.attributes.number('NumberOfFrames')).to.equal(bits.length / (48 * 40));
    bits.forEach((bit, index) => expect((bytes[index >> 3]! >> (index & 7)) & 1).to.equal(bit));
  });

  it('a frame lies exactly where its source slice lies, digit for digit', async () => {
    const seg = await build(input);
    const groups = seg.attributes.items('PerFrameFunctionalGroupsSequence');
    expect(groups.length).to.be.greaterThan(0);
    for (const group of groups) {
      const position = group.items('PlanePositionSequence')[0]!.numbers('ImagePositionPatient');
      const source = group.items('DerivationImageSequence')[0]!.items('SourceImageSequence')[0]!;
      const frame = made.source.frames.find(
        ({ sopInstanceUid }) => sopInstanceUid === source.text('ReferencedSOPInstanceUID'),
      )!;
      expect(position).to.deep.equal([...frame.imagePositionPatient]);
    }
  });

  it('the made aneurysm lies between voxels, so that a shift by half a voxel would be seen', () => {
    expect(indexOf(made, findings[0]!.centreLpsMm).map((v) => Math.round(v * 100) / 100)).to.deep.equal([
      26.25, 21.25, 6,
    ]);
  });

  async function build(from: ResultInput): Promise<Instance> {
    for await (const result of buildResults(from, ['seg']))
      return readInstance(Buffer.concat([part10Header(result), result.dataset]));
    throw new Error('no segmentation was made');
  }
});
