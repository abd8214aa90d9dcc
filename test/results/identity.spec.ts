import { expect } from 'chai';
import { buildResults, type ResultInput, type ResultKind } from '../../src/results/index.ts';
import { madeAneurysm, madeInput, madeSource } from '../support/result-input.ts';

const kinds: readonly ResultKind[] = [
  'heatmap',
  'sr',
  'sr-comprehensive',
  'sr-basic-text',
  'seg',
  'parametric-map',
  'kos',
  'presentation-state',
];

describe('identity of results', () => {
  const made = madeSource();
  const input = madeInput(made, { state: 'findings', findings: [madeAneurysm(made, [2, 1, 0])] });

  it('one input, one result: the same bytes under the same UIDs, whenever they are made again', async () => {
    const first = await all(input, kinds);
    expect(await all(input, kinds)).to.deep.equal(first);
    expect(new Set(first.map(([uid]) => uid)).size).to.equal(first.length);
  });

  it('another version, input or bundle gives another UID to every kind', async () => {
    const uids = new Set((await all(input, kinds)).map(([uid]) => uid));
    const others: readonly ResultInput[] = [
      { ...input, identity: { ...input.identity, version: 2 } },
      { ...input, identity: { ...input.identity, inputSha256: 'c'.repeat(64) } },
      { ...input, identity: { ...input.identity, bundleSha256: 'c'.repeat(64) } },
      { ...input, findings: { ...input.findings, bundle: { ...input.findings.bundle, version: '9.9.9' } } },
    ];
    for (const other of others)
      for (const [uid] of await all(other, kinds)) expect(uids.has(uid)).to.equal(false);
  });

  it('a report that points at other results is another report: one UID never has two contents', async () => {
    const byUid = new Map<string, string>();
    for (const chosen of [
      ['sr'],
      ['sr', 'heatmap'],
      ['sr', 'seg'],
      ['sr', 'parametric-map'],
      kinds,
    ] as const) {
      for (const [uid, bytes] of await all(input, chosen)) {
        expect(byUid.get(uid) ?? bytes).to.equal(bytes);
        byUid.set(uid, bytes);
      }
    }
  });
});

async function all(
  input: ResultInput,
  chosen: readonly ResultKind[],
): Promise<readonly (readonly [string, string])[]> {
  const made: (readonly [string, string])[] = [];
  for await (const result of buildResults(input, chosen))
    made.push([result.sopInstanceUid, result.dataset.toString('latin1')]);
  return made;
}
