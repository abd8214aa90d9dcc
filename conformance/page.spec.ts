import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import type { Dataset } from '../src/dicom/index.ts';
import { buildPageWhereMissing } from '../src/cli/page.ts';
import { exported } from '../test/support/exported-bundle.ts';
import { shippedName } from '../test/support/shipped-name.ts';
import { sampleDatasets, sampleFiles, sampleFolder, writeDatasets } from '../test/support/sample.ts';
import { sendFiles } from '../test/support/study.ts';
import { adminPassword, readerPassword, startWebNode, type WebNode } from '../test/support/web-node.ts';
import { zipOf } from '../test/support/zip.ts';
import { accessibilityFaults, openBrowser, openPage, type Watched } from './support/browser.ts';
import { startOrthanc, type Orthanc } from './support/orthanc.ts';
import { needs, run, runBeside } from './support/tools.ts';

/** Where the screenshots go, for those who want to look at them. */
const pictures = process.env['WILLIS_PICTURES'];

describe('the page, from the first run to a result that a reader disagrees with', function () {
  this.timeout(600_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-page-'));
  let orthanc: Orthanc | undefined;
  let web: WebNode;
  let browser: Browser | undefined;
  let watched: Watched;
  let page: Page;

  before(async function () {
    needs(this, 'chromium', 'storescu', 'Orthanc');
    buildPageWhereMissing();
    if (pictures !== undefined) mkdirSync(pictures, { recursive: true });
    orthanc = await startOrthanc(path.join(folder, 'orthanc'));
    web = await startWebNode(folder);
    browser = await openBrowser();
    watched = await openPage(browser, { width: 1280, height: 800 });
    page = watched.page;
    page.setDefaultTimeout(60_000);
  });
  after(async () => {
    await browser?.close();
    if (browser !== undefined) await web[Symbol.asyncDispose]();
    await orthanc?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const show = async (name: string): Promise<void> => {
    if (pictures === undefined) return;
    for (const width of [1280, 1920]) {
      await page.setViewportSize({ width, height: width === 1280 ? 800 : 1080 });
      await page.waitForTimeout(300);
      const whole = path.join(pictures, `page-${name}-${width}.png`);
      await page.screenshot({ path: whole });
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  };
  const go = async (link: string, heading = link): Promise<void> => {
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: link }).click();
    await page.getByRole('heading', { level: 1, name: heading }).waitFor();
  };

  it('the code from the console makes the first administrator', async () => {
    await page.goto(web.url);
    await page.getByLabel('Setup code').fill(web.setupCode);
    await page.getByLabel('Name').fill('Admin');
    await page.getByRole('textbox', { name: 'Password' }).fill(adminPassword);
    expect(await accessibilityFaults(page)).to.deep.equal([]);
    await show('setup');
    await page.getByRole('button', { name: 'Make the first administrator' }).click();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
  });

  it('a PACS is added, answers C-ECHO, and a scanner is let in', async () => {
    await go('Devices');
    const destinations = page.getByRole('region', { name: 'Destinations' });
    await destinations.getByRole('button', { name: 'Add destination' }).click();
    const form = page.getByRole('dialog', { name: 'Add a destination' });
    await form.getByLabel('Name').fill('pacs');
    await form.getByLabel('AE title', { exact: true }).fill('ORTHANC');
    await form.getByLabel('Host', { exact: true }).fill('127.0.0.1');
    await form.getByLabel('Port', { exact: true }).fill(String(orthanc!.dicomPort));
    expect(await accessibilityFaults(page), 'form of a destination').to.deep.equal([]);
    await show('destination');
    await form.getByRole('button', { name: 'Save destination' }).click();
    await destinations.getByRole('button', { name: 'Echo pacs' }).click();
    await destinations.getByText('It answers').waitFor();
    const callers = page.getByRole('region', { name: 'Callers' });
    await callers.getByLabel('AE title').fill('MR1');
    await callers.getByRole('button', { name: 'Add caller' }).click();
    await callers.getByText('has not called since the start').waitFor();
  });

  it('an unknown scanner is shown as soon as it called, and can be added', async () => {
    const echo = ['-aet', 'CT7', '-aec', 'WILLIS', '127.0.0.1', String(web.node.dicomPort)];
    expect((await runBeside('echoscu', echo)).status).to.not.equal(0);
    await page.getByText('CT7 called from 127.0.0.1 and is not known').waitFor();
    await show('devices');
    await page.getByRole('button', { name: 'Add CT7' }).click();
    await page.getByRole('button', { name: 'Remove CT7' }).waitFor();
    expect((await runBeside('echoscu', echo)).status).to.equal(0);
  });

  it('a study that DCMTK sends appears and is followed live, without loading the page again', async () => {
    await go('Studies');
    await page.getByText('No study fits.').waitFor();
    const port = String(web.node.dicomPort);
    const sent = await runBeside('storescu', [
      '--propose-jls-lossless',
      '-aet',
      'MR1',
      '-aec',
      'WILLIS',
      '127.0.0.1',
      port,
      ...sampleFiles(),
    ]);
    expect(sent.status, sent.output).to.equal(0);
    await page.getByText('Phantom, Willis').waitFor();
    await page.getByText('findings', { exact: true }).waitFor({ timeout: 400_000 });
    await show('studies');
    await page.getByRole('link', { name: /TOF_3D/ }).click();
    await page.getByText('92 objects stored by pacs').waitFor({ timeout: 60_000 });
    expect(await page.getByRole('img', { name: 'Summary picture: 2 findings' }).count()).to.equal(1);
    await show('series');
  });

  it('the viewer draws slices and 3D, scrolls and turns by the keyboard, and jumps to a finding', async () => {
    await page.getByRole('link', { name: 'Open in the viewer' }).click();
    const stage = page.locator('[data-ready=true]');
    await stage.waitFor({ timeout: 60_000 });
    await page.getByRole('button', { name: 'Show 2' }).click();
    const place = page.getByText(/^[LR] \d+\.\d {2}?[AP] /);
    const [, , centre] = await centreOf(page, 2);
    await page.getByText(new RegExp(`[SI] ${Math.abs(centre).toFixed(1).slice(0, -2)}\\.\\d mm$`)).waitFor();
    const before = await place.textContent();
    await stage.focus();
    await page.keyboard.press('ArrowUp');
    await page.waitForFunction((text) => !document.body.textContent.includes(text), before!);
    await page.locator('[data-solid=ready]').waitFor({ timeout: 120_000 });
    await page.waitForTimeout(1500);
    await show('viewer');
    await page.getByRole('radiogroup', { name: 'View' }).getByText('3D').click();
    await page.waitForTimeout(1500);
    const first = await stage.screenshot();
    await stage.focus();
    await page.keyboard.press('Shift+ArrowRight');
    await page.waitForTimeout(1500);
    expect((await stage.screenshot()).equals(first)).to.equal(false);
    await show('viewer-3d');
    await page.getByRole('radiogroup', { name: 'View' }).getByText('Axial').click();
    await page.mouse.move(500, 400);
    const unscrolled = await place.textContent();
    await page.mouse.wheel(0, -100);
    await page.waitForFunction((text) => !document.body.textContent.includes(text), unscrolled!);
  });

  it('a disagreement with a finding is kept and comes out in the export', async () => {
    const finding = page.getByRole('region', { name: 'Finding 1' });
    await finding.getByLabel('Comment on finding 1').fill('infundibulum of the PCom');
    await finding.getByRole('button', { name: 'Disagree' }).click();
    await finding.locator('button[aria-pressed=true]', { hasText: 'Disagree' }).waitFor();
    const exported = await page.evaluate(
      async () => (await (await fetch('/api/readings')).json()) as unknown,
    );
    expect(exported).to.have.length(1);
    expect((exported as object[])[0]).to.deep.include({
      finding: 1,
      opinion: 'disagree',
      reader: 'Admin',
      comment: 'infundibulum of the PCom',
    });
  });

  it('an earlier series stands beside it; whichever is scrolled or turned, the other follows', async () => {
    await sendFiles(
      await writeDatasets(await earlierSlices(), path.join(folder, 'earlier')),
      web.node.dicomPort,
      'MR1',
    );
    await go('Studies');
    await page.getByText('2020-02-03').first().waitFor();
    await page.goto(`${web.url}/viewer/1`);
    await page.getByLabel('Compare with').selectOption({ index: 1 });
    const now = page.getByRole('group', { name: /^Slices and 3D/ });
    const before = page.getByRole('group', { name: /^Prior of 2020/ });
    for (const stage of [now, before])
      await stage.and(page.locator('[data-solid=ready]')).waitFor({ timeout: 120_000 });
    const place = page.getByText(/^[LR] \d+\.\d {2}?[AP] /);
    const unscrolled = await place.textContent();
    await before.focus();
    await page.keyboard.press('ArrowUp');
    await page.waitForFunction((text) => !document.body.textContent.includes(text), unscrolled!);
    await page.waitForTimeout(1500);
    const [slice, solid] = ['axial slice', '3D picture'].map((name) => before.getByRole('img', { name }));
    const [unmoved, unturned] = [await slice!.screenshot(), await solid!.screenshot()];
    await now.focus();
    await page.keyboard.press('PageUp');
    await page.keyboard.press('Shift+ArrowRight');
    await page.waitForTimeout(1500);
    expect((await slice!.screenshot()).equals(unmoved)).to.equal(false);
    expect((await solid!.screenshot()).equals(unturned)).to.equal(false);
    expect(await accessibilityFaults(page), 'viewer with a prior').to.deep.equal([]);
    await show('viewer-prior');
  });

  it('a bundle is added, serves its pipeline, and goes when another one does; results are told when to wait', async () => {
    await go('Bundles');
    const entries = Object.entries(exported('9.9.9')).map(([name, bytes]) => ({ name, bytes }));
    const upload = { name: 'bundle.zip', mimeType: 'application/zip', buffer: zipOf(entries) };
    await page.locator('input[type=file]').setInputFiles(upload);
    const added = page.getByRole('region', { name: /9\.9\.9$/ });
    await added.getByText('Used by: no rule').waitFor();
    await page.getByRole('button', { name: 'Use tof-patch-phantom@9.9.9 for tof-patch' }).click();
    await added.getByText('Used by: TOF-MRA of the head').waitFor();
    expect(await accessibilityFaults(page), 'an added bundle').to.deep.equal([]);
    await added.scrollIntoViewIfNeeded();
    await show('bundle-added');
    await page.getByRole('button', { name: `Use ${shippedName('tof-patch')} for tof-patch` }).click();
    await page.getByRole('button', { name: 'Remove tof-patch-phantom@9.9.9' }).click();
    await added.waitFor({ state: 'detached' });
    await go('Rules');
    const rule = page.getByRole('group', { name: 'TOF-MRA of the head' });
    await rule.getByLabel(/^When results wait/).fill('* 99 * * *');
    await rule.getByRole('button', { name: 'Save window' }).click();
    await page.getByText('is no window').waitFor();
    await rule.getByLabel(/^When results wait/).fill('* 20-23,0-5 * * *');
    await rule.getByRole('button', { name: 'Save window' }).click();
    await page.getByText('These rules are from the configuration.').waitFor();
    await show('rules-window');
    await page.getByRole('button', { name: 'Back to the shipped rules' }).click();
    await page.getByText('These are the shipped rules').waitFor();
  });

  it('every page is sound for those who hear it or use the keyboard, light and dark', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      for (const name of ['Overview', 'Studies', 'Devices', 'Rules', 'Bundles', 'Inference', 'System']) {
        await go(name);
        await page.waitForTimeout(500);
        expect(await accessibilityFaults(page), `${name}, ${scheme}`).to.deep.equal([]);
        await show(`${name.toLowerCase()}-${scheme}`);
      }
      for (const tab of ['Audit', 'Configuration', 'Operations', 'Users and tokens']) {
        await page.getByRole('tab', { name: tab }).click();
        await page.waitForTimeout(400);
        expect(await accessibilityFaults(page), `${tab}, ${scheme}`).to.deep.equal([]);
        await show(`${tab.toLowerCase().replaceAll(' ', '-')}-${scheme}`);
      }
      await page.goto(`${web.url}/series/1`);
      await page.getByText('Rules, as they are now').waitFor();
      expect(await accessibilityFaults(page), `series, ${scheme}`).to.deep.equal([]);
    }
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it('hostile text of an object is shown as text', async () => {
    const evil = path.join(folder, 'evil.dcm');
    run('cp', [path.join(sampleFolder, '0001.dcm'), evil]);
    const changed = run('dcmodify', [
      '-nb',
      '-ma',
      'StudyDescription=<img src=x onerror=document.title=1>',
      '-gst',
      '-gse',
      '-gin',
      evil,
    ]);
    expect(changed.status, changed.output).to.equal(0);
    await runBeside('storescu', [
      '--propose-jls-lossless',
      '-aet',
      'MR1',
      '-aec',
      'WILLIS',
      '127.0.0.1',
      String(web.node.dicomPort),
      evil,
    ]);
    await go('Studies');
    await page.getByText('<img src=x onerror=document.title=1>').first().waitFor();
    expect(await page.locator('table img').count()).to.equal(0);
    expect(await page.title()).to.equal('Studies - Willis');
  });

  it('a reader sees the results and none of the buttons that change the node', async () => {
    const admin = web.client();
    await admin.login('Admin', adminPassword);
    await admin.request('POST', '/api/users', {
      body: { name: 'Reader', role: 'reader', password: readerPassword },
    });
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Name').fill('Reader');
    await page.getByRole('textbox', { name: 'Password' }).fill(readerPassword);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await go('Devices');
    await page.getByText('ORTHANC@').waitFor();
    expect(await page.getByRole('button', { name: /Add|Remove|Echo/ }).count()).to.equal(0);
    expect(await page.getByRole('link', { name: 'System' }).count()).to.equal(0);
  });

  it('the browser had nothing to complain about but the window that is none', () => {
    const refused = /status of 422 /;
    expect(watched.complaints.filter((one) => !refused.test(one))).to.deep.equal([]);
    expect(watched.complaints.filter((one) => refused.test(one))).to.have.length(1);
  });
});

/** Some slices of the sample's patient, as another study of years ago. */
async function earlierSlices(): Promise<readonly Dataset[]> {
  return (await sampleDatasets()).slice(20, 60).map((slice, index) => ({
    ...slice,
    StudyInstanceUID: '2.25.2020',
    SeriesInstanceUID: '2.25.20201',
    SOPInstanceUID: `2.25.20202${index}`,
    StudyDate: '20200203',
  }));
}

/** Centre of a finding as the API tells it, LPS mm. */
async function centreOf(page: Page, number: number): Promise<readonly [number, number, number]> {
  const findings = await page.evaluate(async () => {
    const detail = (await (await fetch('/api/series/1')).json()) as { analyses: { findings: unknown[] }[] };
    return detail.analyses[0]!.findings;
  });
  return (findings[number - 1] as { centreLpsMm: [number, number, number] }).centreLpsMm;
}
