import { aneurysmsOf, type AneurysmFinding } from '../findings/index.ts';
import { projections } from './pictures/projections.ts';
import { rasterise } from './pictures/rasterise.ts';
import { fit, textPath, textWidth, wrap, type Weight } from './pictures/text.ts';
import { thumbnails } from './pictures/thumbnails.ts';
import { secondaryCapture } from './secondary-capture.ts';
import type { ResultInput, ResultInstance } from './types.ts';

const pageWidth = 1200;
const margin = 36;
const inner = pageWidth - 2 * margin;

/** Okabe-Ito colours, told apart by colour-blind readers; the state is said in words as well. */
const stateColour = { findings: '#E69F00', 'no-findings': '#56B4E9', 'not-analysed': '#CC79A7' } as const;
const white = '#ffffff';
const grey = '#b8b8b8';

/** The page a radiologist reads first: state, candidates, where they are, who says so and what was not looked at. */
export async function buildSummary(input: ResultInput): Promise<ResultInstance> {
  const picture = await rasterise(await summarySvg(input));
  const place = {
    kind: 'summary' as const,
    instanceNumber: 1,
    seriesNumber: 9901,
    description: 'Willis summary',
    modality: 'OT',
  };
  return secondaryCapture(input, place, picture, {});
}

/** A page grows downwards: each part draws from `y` and says where it ends. */
interface Part {
  readonly svg: string;
  readonly end: number;
}

async function summarySvg(input: ResultInput): Promise<string> {
  const parts: string[] = [];
  let y = 0;
  const draw = (part: Part): void => {
    parts.push(part.svg);
    y = part.end;
  };
  draw(banner(input));
  draw(sourceLines(input, y + 34));
  if (input.findings.state === 'not-analysed') draw(reasonLines(input, y + 20));
  if (input.findings.findings.length > 0) draw(table(input, y + 24));
  const { volume, output } = input;
  if (output?.image != null && volume !== null) {
    draw(
      await projections(output.image, aneurysmsOf(input.findings), { x: margin, y: y + 30, width: inner }),
    );
    if (input.findings.findings.length > 0)
      draw(await thumbnails(volume, aneurysmsOf(input.findings), { x: margin, y: y + 24, width: inner }));
  }
  draw(footer(input, y + 34));
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${pageWidth}" height="${y + margin}">
    <rect width="100%" height="100%" fill="#000000"/>${parts.join('\n')}</svg>`;
}

function banner(input: ResultInput): Part {
  const { findings, card } = input;
  const headline = {
    findings: `${findings.findings.length} ${findings.findings.length === 1 ? 'FINDING' : 'FINDINGS'}: suspected aneurysm`,
    'no-findings': 'NO FINDINGS: no suspected aneurysm',
    'not-analysed': 'NOT ANALYSED: this is not a negative result',
  }[findings.state];
  const svg = [
    `<rect width="${pageWidth}" height="104" fill="${stateColour[findings.state]}"/>`,
    line(headline, { x: margin, y: 48 }, { size: 32, weight: 'bold', colour: '#000000' }),
    line(
      `${card.title} - ${card.intendedUse}`,
      { x: margin, y: 84 },
      { size: 18, weight: 'bold', colour: '#000000' },
    ),
  ];
  return { svg: svg.join(''), end: 104 };
}

function sourceLines(input: ResultInput, y: number): Part {
  const { attributes, frames } = input.source;
  const text = (keyword: string): string => (attributes.text(keyword) ?? '').replace(/[^\x20-\x7E]/g, '?');
  const name = text('SeriesDescription') || text('ProtocolName') || 'without description';
  const { volume } = input;
  const size =
    volume === null
      ? ''
      : `, ${volume.size[0]} x ${volume.size[1]} at ${volume.spacingMm[0].toFixed(2)} x ${volume.spacingMm[1].toFixed(2)} mm, spacing ${volume.spacingMm[2].toFixed(2)} mm`;
  const date = input.createdAt.toISOString().slice(0, 16).replace('T', ' ');
  const lines = [
    `Series ${text('SeriesNumber') || '-'}: ${text('Modality')} ${name}, ${frames.length} slices${size}`,
    `Complete: ${input.identity.completeness}. Made ${date} UTC.`,
    ...(input.identity.supersedes === null
      ? []
      : ['This result replaces an earlier one of the same series: images came late.']),
  ];
  return paragraph(lines, y, { size: 18, colour: grey });
}

function reasonLines(input: ResultInput, y: number): Part {
  if (input.findings.state !== 'not-analysed') return { svg: '', end: y };
  const { code, text } = input.findings.reason;
  const title = paragraph([`Reason: ${code}`], y + 20, { size: 24, colour: white, weight: 'bold' });
  const body = paragraph(wrap(text.replace(/[^\x20-\x7E]/g, '?'), inner, 22), title.end + 34, {
    size: 22,
    colour: white,
  });
  const advice = paragraph(['Read this series as if the software were not there.'], body.end + 34, {
    size: 22,
    colour: white,
  });
  return { svg: title.svg + body.svg + advice.svg, end: advice.end };
}

const columns = [
  { title: 'No.', x: 0 },
  { title: 'Place', x: 70 },
  { title: 'Diameter', x: 470 },
  { title: 'Volume', x: 630 },
  { title: 'Probability', x: 790 },
  { title: 'Slice', x: 970 },
] as const;

function table(input: ResultInput, y: number): Part {
  const head = columns.map(({ title, x }) =>
    line(title, { x: margin + x, y: y + 18 }, { size: 18, weight: 'bold', colour: grey }),
  );
  const rule = `<rect x="${margin}" y="${y + 28}" width="${inner}" height="1" fill="${grey}"/>`;
  const rows = aneurysmsOf(input.findings).map((finding, index) =>
    row(input, finding, { number: index + 1, y: y + 60 + index * 34 }),
  );
  return { svg: [...head, rule, ...rows].join(''), end: y + 60 + (rows.length - 1) * 34 + 10 };
}

function row(input: ResultInput, finding: AneurysmFinding, at: { number: number; y: number }): string {
  const { frames } = input.source;
  const slice = frames.findIndex(
    (frame) =>
      frame.sopInstanceUid === finding.keySopInstanceUid && frame.frameNumber === finding.keyFrameNumber,
  );
  const { laterality, meaning } = finding.site;
  const side = laterality === null ? 'near the midline' : laterality;
  const cells = [
    String(at.number),
    `${meaning}, ${side}`,
    `${finding.maxDiameterMm.toFixed(1)} mm`,
    `${finding.volumeMm3.toFixed(0)} mm\u00B3`,
    finding.probability.toFixed(2),
    `${slice + 1} of ${frames.length}`,
  ];
  return cells
    .map((cell, index) =>
      line(fit(cell, 390, 22), { x: margin + columns[index]!.x, y: at.y }, { size: 22, colour: white }),
    )
    .join('');
}

function footer(input: ResultInput, y: number): Part {
  const { card, findings } = input;
  const { operatingPoint, performance } = card;
  const probability =
    findings.state === 'not-analysed'
      ? []
      : [
          `Probability of an aneurysm in this scan: ${findings.probability.toFixed(2)}; reported from ${operatingPoint.findingThreshold.toFixed(2)}.`,
        ];
  const lines = [
    ...probability,
    `Measured on ${performance.testedOn}: ${(performance.lesionSensitivity4mmUp * 100).toFixed(0)} % of aneurysms of 4 mm and more found, ${performance.falsePositivesPerScan.toFixed(2)} false marks a scan.`,
    ...card.limits.map((limit) => `Limit: ${limit}`),
    `Bundle ${findings.bundle.id} ${findings.bundle.version} (${findings.bundle.sha256.slice(0, 12)}), willis ${input.softwareVersions}.`,
  ];
  const wrapped = lines.flatMap((words) => wrap(words, inner, 17));
  return paragraph(wrapped, y, { size: 17, colour: grey });
}

interface Style {
  readonly size: number;
  readonly colour: string;
  readonly weight?: Weight;
}

function paragraph(lines: readonly string[], y: number, style: Style): Part {
  const leading = Math.round(style.size * 1.5);
  const svg = lines.map((words, index) => line(words, { x: margin, y: y + index * leading }, style));
  return { svg: svg.join(''), end: y + Math.max(0, lines.length - 1) * leading };
}

function line(words: string, at: { x: number; y: number }, style: Style): string {
  const room = pageWidth - margin - at.x;
  const cut =
    textWidth(words, style.size, style.weight) > room ? fit(words, room, style.size, style.weight) : words;
  return textPath(cut, at, style);
}
