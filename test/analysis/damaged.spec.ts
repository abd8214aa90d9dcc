import { copyFileSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { analyseSeries } from '../../src/analysis/analyse-series.ts';
import type { SeriesTask } from '../../src/analysis/task.ts';
import type { Reason, SeriesFindings } from '../../src/findings/index.ts';
import { loadBundle, openEngine } from '../../src/inference/index.ts';
import { sampleFiles } from '../support/sample.ts';
import { readReport } from '../support/study.ts';

const models = path.join(import.meta.dirname, '..', '..', 'models');
const bundleFolder = path.join(models, 'tof-patch');

describe('an analysis of damaged files', function () {
  this.timeout(240_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-damaged-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  let number = 0;

  async function analyse(
    changes: Partial<SeriesTask>,
  ): Promise<{ findings: Awaited<ReturnType<typeof analyseSeries>>['findings']; report: string }> {
    const task: SeriesTask = {
      paths: sampleFiles().slice(0, 5),
      ...{ pipeline: 'tof-patch', bundleFolder, reason: null, inputSha256: `${(number += 1)}`, version: 1 },
      ...{ supersedes: null, completeness: 'test', kinds: ['sr'], folder: path.join(folder, `${number}`) },
      ...{ createdAtMs: 0, softwareVersion: '0.1.0' },
      ...changes,
    };
    await using engine = openEngine({ providers: ['cpu'], threads: 2 });
    const { findings, results } = await analyseSeries(task, engine);
    return { findings, report: readReport(path.join(task.folder, results[0]!.file)).comments.join() };
  }

  /** The sample's first files, of which one is cut off inside Pixel Data and one is no DICOM at all. */
  function damagedFiles(): readonly string[] {
    const files = sampleFiles()
      .slice(0, 5)
      .map((file, index) => {
        const copy = path.join(folder, `damaged-${index}.dcm`);
        copyFileSync(file, copy);
        return copy;
      });
    truncateSync(files[1]!, statSync(files[1]!).size - 1000);
    truncateSync(files[2]!, 60);
    return files;
  }

  it('reports from the headers that can be read', async () => {
    const { findings, report } = await analyse({ paths: damagedFiles() });
    expect(findings).to.deep.include({ state: 'not-analysed', findings: [] });
    expect(report).to.match(/NOT ANALYSED\. DICOM_UNREADABLE: 2 of 5 files cannot be read/);
  });

  it('tells that the analysis failed without the bundle, and without files that are gone', async () => {
    const { manifest, identity } = await loadBundle(bundleFolder);
    const gone = { card: { manifest, identity }, bundleFolder: path.join(folder, 'nowhere') };
    const failed = await analyse(gone).catch((error: unknown) => error);
    expect(failed).to.include({ code: 'BUNDLE_INVALID' });
    const reason = { code: 'ANALYSIS_FAILED', text: 'The analysis failed: BUNDLE_INVALID: damaged' };
    const paths = [path.join(folder, 'gone.dcm'), ...sampleFiles().slice(1, 5)];
    const { report } = await analyse({ ...gone, paths, reason });
    expect(report).to.match(/NOT ANALYSED\. ANALYSIS_FAILED: /);
    const lost = await analyse({ paths }).catch((error: unknown) => error);
    expect(lost, 'the disk may give it the next time').to.include({ code: 'ENOENT' });
  });

  it('of a series that may lack images tells what it found, and never ends as "no findings"', async () => {
    const doubt = { code: 'TRANSFER_INCOMPLETE', text: 'The series may be incomplete.' };
    const { findings } = await analyse({ paths: sampleFiles(), doubt });
    expect(findings.state).to.equal('findings');
    const nothing = { paths: sampleFiles(), parameters: { 'operatingPoint.findingThreshold': 0.9999 } };
    expect((await analyse(nothing)).findings.state).to.equal('no-findings');
    const doubtful = await analyse({ ...nothing, doubt });
    expect(doubtful.findings).to.deep.include({ state: 'not-analysed', findings: [] });
    expect(reasonOf(doubtful.findings).text).to.match(
      /may be incomplete\. Nothing was found in the images that came/,
    );
    const few = await analyse({ paths: sampleFiles().slice(0, 9), doubt });
    expect(reasonOf(few.findings).code).to.equal('TRANSFER_INCOMPLETE');
    expect(reasonOf(few.findings).text).to.match(/Of the images that came: TOO_FEW_SLICES: /);
    expect(doubtful.report).to.match(/NOT ANALYSED\. TRANSFER_INCOMPLETE: /);
  });

  describe('by several pipelines of which one fails', () => {
    const other = 'tof-coarse-fine';
    const failing = async (): Promise<NonNullable<SeriesTask['also']>> => {
      const { manifest, identity } = await loadBundle(path.join(models, other));
      const card = { manifest, identity };
      return [{ pipeline: other, bundleFolder: path.join(folder, 'nowhere'), card }];
    };

    it('tells what the others found, and that it did not analyse', async () => {
      const { findings } = await analyse({ paths: sampleFiles(), also: await failing() });
      expect(findings.state).to.equal('findings');
      expect(findings.others).to.have.length(1);
      expect(findings.others![0]).to.deep.include({ pipeline: other, state: 'not-analysed' });
      expect(findings.others![0]!.reason?.code).to.equal('BUNDLE_INVALID');
    });

    it('never ends as "no findings"', async () => {
      const high = { 'operatingPoint.findingThreshold': 0.9999 };
      const failed = await analyse({
        ...{ paths: sampleFiles(), also: await failing(), parameters: high },
      }).catch((error: unknown) => error);
      expect(failed).to.include({ code: 'BUNDLE_INVALID' });
    });
  });
});

function reasonOf(findings: SeriesFindings): Reason {
  if (findings.state !== 'not-analysed') throw new Error(`the series was analysed: ${findings.state}`);
  return findings.reason;
}
