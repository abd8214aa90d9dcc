import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import type { Page } from 'playwright-core';
import { openDatabase } from '../src/archive/index.ts';
import { buildPageWhereMissing } from '../src/cli/page.ts';
import { openBrowser, openPage } from '../conformance/support/browser.ts';
import { untilTrue } from '../test/support/node-process.ts';
import { writeDatasets } from '../test/support/sample.ts';
import { sendFiles } from '../test/support/study.ts';
import { adminPassword, startWebNode, type WebClient } from '../test/support/web-node.ts';
import { fineTof } from './volumes.ts';

/** The page on this machine: a long list, the first paint, and a fine volume. */
const home = mkdtempSync(path.join(os.tmpdir(), 'willis-page-bench-'));
const studies = 100_000;
const passes = 15;
const viewings = 5;

buildPageWhereMissing();
await fillIndex(path.join(home, 'data'));
const web = await startWebNode(home);
const admin = web.client();
await admin.setUp(web.setupCode);
await lists(admin);
await paints();
await web[Symbol.asyncDispose]();
rmSync(home, { recursive: true, force: true });
process.exit(0);

/** Studies of made-up patients, a series each. */
async function fillIndex(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'index.sqlite');
  await openDatabase(file).destroy();
  const index = new SqliteDatabase(file);
  const study =
    index.prepare(`insert into study (study_instance_uid, patient_name, patient_id, patient_birth_date,
    patient_sex, study_date, study_time, accession_number, study_description, study_id, referring_physician_name,
    search_text, last_received_at) values (?, ?, ?, '19700101', 'O', '20260101', '120000', ?, 'MR HEAD', '1', '', ?, ?)`);
  const series =
    index.prepare(`insert into series (series_instance_uid, study_instance_uid, modality, description,
    calling_ae_title, first_received_at, last_received_at, state) values (?, ?, 'MR', ?, 'MR1', ?, ?, 'no-findings')`);
  const traits = JSON.stringify({ seriesDescription: 'TOF' });
  index.transaction(() => {
    for (let number = 0; number < studies; number += 1) {
      const [name, id, accession] = [`Family${number * 7919}^Given`, `P${number}`, `A${number * 31}`];
      const uid = `2.25.5${number}`;
      const words = `${name} ${id} ${accession} mr head ${uid}`.replace('^', ' ').toLowerCase();
      study.run(uid, name, id, accession, words, 1_700_000_000_000 + number);
      series.run(`${uid}1`, uid, traits, number, number);
    }
  })();
  index.close();
}

async function lists(client: WebClient): Promise<void> {
  console.log(`\n${studies} studies\n| asked for | median ms | slowest of ${passes} ms |\n|---|---|---|`);
  const questions = {
    'the first page': '/api/studies?limit=50',
    'a name that is there': `/api/studies?limit=50&search=${encodeURIComponent('family395950')}`,
    'an old Patient ID': '/api/studies?limit=50&search=p17',
    'what nobody is called': '/api/studies?limit=50&search=nobody-is-called-so',
    'by state': '/api/studies?limit=50&state=no-findings',
    'a state that no series has': '/api/studies?limit=50&state=findings',
  };
  for (const [what, url] of Object.entries(questions)) {
    const times: number[] = [];
    for (let pass = 0; pass < passes; pass += 1) {
      const started = performance.now();
      await client.get(url);
      times.push(performance.now() - started);
    }
    times.sort((a, b) => a - b);
    console.log(`| ${what} | ${times[passes >> 1]!.toFixed(0)} | ${times.at(-1)!.toFixed(0)} |`);
  }
}

async function paints(): Promise<void> {
  await sendFiles(await writeDatasets(await fineTof(), path.join(home, 'fine')), web.node.dicomPort, 'MR1');
  const id = studies + 1;
  await untilTrue(
    async () => {
      const { state } = await admin.get<{ state: string }>(`/api/series/${id}`);
      return state !== 'receiving' && state !== 'queued';
    },
    300_000,
    () => 'the fine series was not analysed',
  );
  const browser = await openBrowser();
  const { page } = await openPage(browser, { width: 1280, height: 800 });
  page.setDefaultTimeout(240_000);
  page.setDefaultNavigationTimeout(240_000);
  await page.goto(web.url);
  await page.getByLabel('Name').fill('Admin');
  await page.getByRole('textbox', { name: 'Password' }).fill(adminPassword);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  const paint: number[] = [];
  for (let pass = 0; pass < 5; pass += 1) {
    await page.goto(web.url, { waitUntil: 'load' });
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length > 0);
    paint.push(
      await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]!.startTime),
    );
  }
  paint.sort((a, b) => a - b);
  console.log('\n| headless Chromium, 3D drawn on the processor | s |\n|---|---|');
  console.log(
    `| first contentful paint of the overview, signed in (median of 5) | ${(paint[2]! / 1000).toFixed(2)} |`,
  );
  const started = performance.now();
  const volume = await admin.request('GET', `/api/series/${id}/volume.nii`);
  const fetched = performance.now() - started;
  const shown: number[] = [];
  const solid: number[] = [];
  for (let pass = 0; pass < viewings; pass += 1) {
    await page.goto('about:blank');
    await page.goto(`${web.url}/series/${id}`);
    await page.getByRole('link', { name: 'Open in the viewer' }).waitFor();
    const began = performance.now();
    await page.getByRole('link', { name: 'Open in the viewer' }).click();
    await page.locator('[data-ready=true]').waitFor({ timeout: 300_000 });
    shown.push(performance.now() - began);
    await page.locator('[data-solid=ready]').waitFor({ timeout: 300_000 });
    solid.push(performance.now() - began);
  }
  console.log(
    `| 512 x 512 x 160 as the API gives it, ${(volume.text.length / 1e6).toFixed(0)} million characters | ${(fetched / 1000).toFixed(2)} |`,
  );
  const range = (times: readonly number[]): string =>
    [...times]
      .sort((a, b) => a - b)
      .map((time) => (time / 1000).toFixed(1))
      .join(', ');
  console.log(`| 512 x 512 x 160 from the click to the three planes (${viewings} times) | ${range(shown)} |`);
  console.log(`| and to the 3D picture, reduced | ${range(solid)} |`);
  const scrolled = await scrolls(page);
  console.log(
    `| a slice further by a key (median, slowest of ${scrolled.length}) | ${scrolled[scrolled.length >> 1]!.toFixed(3)}, ${scrolled.at(-1)!.toFixed(3)} |`,
  );
  await browser.close();
}

/** From a key to the end of the frame that it changed, s, sorted: the frame after tells that it is over. */
async function scrolls(page: Page): Promise<readonly number[]> {
  // the first frames of the 3D picture are still being drawn
  await page.waitForTimeout(3000);
  return await page.locator('.viewer-stage').evaluate(async (stage) => {
    const times: number[] = [];
    for (let pass = 0; pass < 30; pass += 1) {
      const began = performance.now();
      stage.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowUp', bubbles: true }));
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      times.push((performance.now() - began) / 1000);
    }
    return times.sort((a, b) => a - b);
  });
}
