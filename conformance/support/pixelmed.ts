import { spawnSync } from 'node:child_process';
import path from 'node:path';

const debianJar = '/usr/share/java/pixelmed.jar';
export const pixelmedJar = process.env['WILLIS_PIXELMED'] ?? debianJar;

/** Java's limits on style sheets are below the size of PixelMed's. */
const roomForStyleSheets = ['xpathTotalOpLimit', 'xpathExprOpLimit', 'xpathExprGrpLimit'].map(
  (limit) => `-Djdk.xml.${limit}=0`,
);

/** What PixelMed's validators say of each file, line by line: of its IOD, and of the templates of a report. */
export function pixelmed(files: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const judge = path.join(import.meta.dirname, '..', 'java', 'Judge.java');
  const { status, stdout, stderr } = spawnSync('java', [...roomForStyleSheets, '-cp', pixelmedJar, judge], {
    encoding: 'utf8',
    input: files.join('\n'),
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`PixelMed failed:\n${stderr}`);
  const said = new Map<string, string[]>(files.map((file) => [file, []]));
  for (const line of stdout.split('\n').filter((one) => one !== '')) {
    const [file, text] = line.split('\t', 2) as [string, string];
    said.get(file)!.push(text);
  }
  return said;
}
