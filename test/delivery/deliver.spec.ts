import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { readHeader } from '../../src/dicom/index.ts';
import { deliverAnalysed, destinationAt } from '../support/analysed.ts';
import { untilTrue } from '../support/node-process.ts';
import { startPickyPacs } from '../support/picky-pacs.ts';

const explicit = '1.2.840.10008.1.2.1';
const implicit = '1.2.840.10008.1.2';
const jpegLs = '1.2.840.10008.1.2.4.80';
const sr3d = '1.2.840.10008.5.1.4.1.1.88.34';
const comprehensive = '1.2.840.10008.5.1.4.1.1.88.33';
const seg = '1.2.840.10008.5.1.4.1.1.66.4';

describe('delivery to a PACS with limits', function () {
  this.timeout(30_000);
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(os.tmpdir(), 'willis-deliver-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const all = [
    ['summary', 1],
    ['summary-grey', 1],
    ['heatmap', 3],
    ['heatmap-grey', 3],
    ['sr', 1],
    ['sr-comprehensive', 1],
    ['sr-basic-text', 1],
    ['seg', 1],
  ] as const;
  const fallbacks = {
    sr: ['sr-comprehensive', 'sr-basic-text'],
    heatmap: ['heatmap-grey'],
    summary: ['summary-grey'],
    seg: ['heatmap'],
  };

  it('SR 3D and SEG refused: the next configured kind goes, the log and the index say so', async () => {
    using pacs = await startPickyPacs({
      accepts: (sopClass) => ![sr3d, comprehensive, seg].includes(sopClass),
    });
    const destination = destinationAt(pacs.port, { results: ['summary', 'sr', 'seg'], fallbacks });
    await using node = await deliverAnalysed(folder, all, [destination]);
    await untilTrue(
      () => node.events.some(({ event }) => event === 'delivered'),
      10_000,
      () => JSON.stringify(node.events),
    );
    expect((await node.delivered('pacs')).map(({ kind }) => kind)).to.deep.equal([
      ...['summary', 'heatmap', 'heatmap', 'heatmap', 'sr-basic-text'],
    ]);
    const rows = await node.database.selectFrom('given_up').selectAll().orderBy('kind').execute();
    expect(rows.map(({ kind, instead }) => `${kind} > ${instead}`)).to.deep.equal([
      ...['seg > heatmap', 'sr > sr-comprehensive', 'sr-comprehensive > sr-basic-text'],
    ]);
    expect(rows[0]!.why).to.match(/SOP class not supported/);
    const told = node.events
      .filter(({ event }) => event === 'givenUp')
      .map(({ kind, instead }) => [kind, instead]);
    expect(told).to.have.deep.members(rows.map(({ kind, instead }) => [kind, instead]));
  });

  it('colour refused with C000H: grey goes instead, each picture once', async () => {
    using pacs = await startPickyPacs({
      status: (_class, syntax, dataset) =>
        readHeader(dataset, syntax, true).number('SamplesPerPixel') === 3 ? 0xc000 : 0,
    });
    const destination = destinationAt(pacs.port, { results: ['summary', 'heatmap'], fallbacks });
    await using node = await deliverAnalysed(folder, all, [destination]);
    await untilTrue(
      () => node.events.some(({ event }) => event === 'delivered'),
      10_000,
      () => JSON.stringify(node.events),
    );
    expect((await node.delivered('pacs')).map(({ kind }) => kind)).to.deep.equal([
      ...['summary-grey', 'heatmap-grey', 'heatmap-grey', 'heatmap-grey'],
    ]);
    expect(pacs.stored).to.have.length(4);
  });

  it('a full disk (A700H) is no reason to give anything up: it is tried again', async () => {
    let full = 4;
    using pacs = await startPickyPacs({ status: () => ((full -= 1) >= 0 ? 0xa700 : 0) });
    const destination = destinationAt(pacs.port, { results: ['sr'], fallbacks });
    await using node = await deliverAnalysed(folder, all, [destination]);
    await untilTrue(
      () => node.events.some(({ event }) => event === 'delivered'),
      15_000,
      () => JSON.stringify(node.events),
    );
    expect(await node.delivered('pacs')).to.deep.equal([{ kind: 'sr', transferSyntaxUid: explicit }]);
    expect(await node.database.selectFrom('given_up').selectAll().execute()).to.deep.equal([]);
  });

  it('a result without any fallback left is asked for again, and never called delivered', async () => {
    using pacs = await startPickyPacs({ accepts: (sopClass) => sopClass !== sr3d });
    const destination = destinationAt(pacs.port, { results: ['summary', 'sr'] });
    await using node = await deliverAnalysed(folder, all, [destination]);
    const failures = (): number =>
      node.events.filter((told) => (told as { event: string }).event === 'failed').length;
    await untilTrue(
      () => failures() >= 2,
      10_000,
      () => JSON.stringify(node.events),
    );
    expect(node.events.some(({ event }) => event === 'delivered')).to.equal(false);
    expect((await node.delivered('pacs')).map(({ kind }) => kind)).to.deep.equal(['summary']);
    expect(pacs.stored).to.have.length(1);
  });

  it('pictures go compressed where the PACS takes it, reports as they are', async () => {
    using pacs = await startPickyPacs({});
    const destination = destinationAt(pacs.port, { compression: 'jpeg-ls' });
    await using node = await deliverAnalysed(folder, all, [destination]);
    await untilTrue(
      () => node.events.some(({ event }) => event === 'delivered'),
      10_000,
      () => JSON.stringify(node.events),
    );
    expect(
      new Set((await node.delivered('pacs')).map((one) => `${one.kind} ${one.transferSyntaxUid}`)),
    ).to.deep.equal(new Set([`summary ${jpegLs}`, `heatmap ${jpegLs}`, `sr ${explicit}`]));
  });

  it('compression refused: without it, and the log says so; Implicit VR only: everything in that', async () => {
    using pacs = await startPickyPacs({ accepts: (_class, syntax) => syntax === implicit });
    const destination = destinationAt(pacs.port, { compression: 'jpeg-2000' });
    await using node = await deliverAnalysed(folder, all, [destination]);
    await untilTrue(
      () => node.events.some(({ event }) => event === 'delivered'),
      10_000,
      () => JSON.stringify(node.events),
    );
    expect(new Set((await node.delivered('pacs')).map((one) => one.transferSyntaxUid))).to.deep.equal(
      new Set([implicit]),
    );
    expect(node.events.find(({ event }) => event === 'uncompressed')).to.include({
      wanted: 'jpeg-2000',
      instances: 4,
    });
    for (const { dataset, transferSyntaxUid, sopInstanceUid } of pacs.stored)
      expect(readHeader(dataset, transferSyntaxUid, true).text('SOPInstanceUID')).to.equal(sopInstanceUid);
  });
});
