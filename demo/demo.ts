import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { buildPageWhereMissing } from '../src/cli/page.ts';
import { parseConfig } from '../src/config/index.ts';
import { readInstance } from '../src/dicom/index.ts';
import { aneurysmsOf, type SeriesFindings } from '../src/findings/index.ts';
import { sendInstances } from '../src/network/index.ts';
import { startNode } from '../src/node.ts';
import { openLog } from '../src/operations/index.ts';
import { freePort, untilTrue } from '../test/support/node-process.ts';
import { startTestPacs } from '../test/support/test-pacs.ts';

/** A hospital in one process: a scanner that sends the sample series, the node, and a small PACS that keeps what it gets. */
const root = path.join(import.meta.dirname, '..');
const home = path.join(root, 'demo-output');
const sample = path.join(root, 'test', 'samples', 'tof-phantom');
const expectedObjects = 92;

function say(words: string): void {
  process.stdout.write(`${words}\n`);
}

rmSync(home, { recursive: true, force: true });
mkdirSync(home, { recursive: true });
say('1. A small PACS starts, and the node (AE title WILLIS).');
await using pacs = await startTestPacs(path.join(home, 'pacs'));
const port = await freePort();
const config = parseConfig(
  {
    node: { dataDir: path.join(home, 'node'), minimumFreeMegabytes: 50 },
    dicom: { host: '127.0.0.1', port },
    series: { quietPeriodSeconds: 5, quietPeriodAfterReleaseSeconds: 1 },
    web: { port: 0 },
    destinations: [{ name: 'demo-pacs', aeTitle: 'PACS', host: '127.0.0.1', port: pacs.port }],
  },
  'the demo configuration',
);
// `--keep` leaves the node running, so that its page can be looked at
const keep = process.argv.includes('--keep');
if (keep) buildPageWhereMissing();
await using node = await startNode(config, openLog({ terminal: process.stderr.isTTY, level: 'warn' }));

const instances = readdirSync(sample)
  .filter((name) => name.endsWith('.dcm'))
  .map((name) => {
    const file = path.join(sample, name);
    const { sopClassUid, sopInstanceUid, transferSyntaxUid } = readInstance(readFileSync(file));
    return { path: file, sopClassUid, sopInstanceUid, transferSyntaxUid };
  });
say(`2. The scanner sends a synthetic TOF-MRA series: ${instances.length} slices, JPEG-LS.`);
const outcomes = await sendInstances({ aeTitle: 'WILLIS', host: '127.0.0.1', port }, instances, {
  callingAeTitle: 'SCANNER',
});
say(`   ${outcomes.filter((outcome) => outcome.kind === 'stored').length} stored and acknowledged.`);

say('3. The node waits for the series to be complete, analyses it and sends the results to the PACS ...');
await untilTrue(
  () => pacs.instances.size >= expectedObjects,
  120_000,
  () => 'The results did not arrive within two minutes.',
);
const findings = await node.latestFindings();
say(`   ${pacs.instances.size} objects arrived in the PACS.\n`);
await show(findings);
if (keep) {
  say(`\nThe page: ${node.web?.url ?? ''}  (setup code ${node.web?.setupCode ?? ''}). Ctrl-C ends the demo.`);
  await new Promise((resolve) => process.once('SIGINT', resolve));
}

async function show(found: SeriesFindings | undefined): Promise<void> {
  if (found === undefined) throw new Error('The node holds no findings.');
  say(
    `State: ${found.state}${found.state === 'not-analysed' ? '' : `, probability of an aneurysm ${found.probability.toFixed(2)}`}`,
  );
  say('No.  Probability  Diameter  Volume    Centre (LPS, mm)          Place');
  for (const [index, finding] of aneurysmsOf(found).entries()) {
    const centre = finding.centreLpsMm.map((v) => v.toFixed(1).padStart(6)).join(' ');
    const place = `${finding.site.meaning}, ${finding.site.laterality ?? 'near the midline'}`;
    const [probability, diameter, volume] = [
      finding.probability.toFixed(2),
      `${finding.maxDiameterMm.toFixed(1)} mm`,
      `${finding.volumeMm3.toFixed(0)} mm3`,
    ];
    say(
      `${String(index + 1).padEnd(4)} ${probability.padEnd(12)} ${diameter.padEnd(9)} ${volume.padEnd(9)} ${centre}      ${place}`,
    );
  }
  const { load, preprocess, inference, results } = found.timingsMs;
  const total = load + preprocess + inference + results;
  say(`Analysis took ${(total / 1000).toFixed(1)} s.\n`);
  say(`Summary picture: ${await writeSummary()}`);
  say(`All DICOM results (summary, heatmaps, SR): ${path.join(home, 'pacs')}`);
  say('The shipped model is trained on synthetic phantoms; not for clinical use.');
}

/** The summary as the PACS got it, as a PNG to look at. */
async function writeSummary(): Promise<string> {
  for (const { path: file } of pacs.instances.values()) {
    const instance = readInstance(readFileSync(file));
    if (instance.attributes.text('SeriesDescription') !== 'Willis summary') continue;
    const [width = 0, height = 0] = [
      instance.attributes.number('Columns'),
      instance.attributes.number('Rows'),
    ];
    const pixels = instance.attributes.raw('PixelData')!.bytes;
    const out = path.join(home, 'summary.png');
    writeFileSync(
      out,
      await sharp(Buffer.from(pixels), { raw: { width, height, channels: 3 } })
        .png()
        .toBuffer(),
    );
    return out;
  }
  throw new Error('The PACS holds no summary.');
}
