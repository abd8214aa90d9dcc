import { aneurysmsOf, soughtKind } from '../../findings/index.ts';
import { findingThreshold } from '../../inference/index.ts';
import { lpsToIndex } from '../../volume/index.ts';
import { banner, headline, margin } from './banner.ts';
import { closeUp, cutThrough } from './close-up.ts';
import { comparisonPart } from './comparison.ts';
import { text, type Drawing, type Item, type Part } from './drawing.ts';
import { leading, paragraph } from './paragraph.ts';
import { keySlices } from './key-slices.ts';
import { mipPanels } from './mip-panels.ts';
import type { Place, Sheet } from './sheet.ts';
import { findingsTable } from './table.ts';
import { fit, printable, wrap, wrapAtMost } from './text.ts';
import { views, type View } from './views.ts';

const pageWidth = 1200;
const inner = pageWidth - 2 * margin;

/**
 * The pages a radiologist reads first: state, findings, where they are, who says so and what was not looked at. One page;
 * a second one with close-ups where there are more findings than a row holds. Each is readable at 1024 pixels.
 */
export function summaryPages(sheet: Sheet): readonly Drawing[] {
  const found = closeUpPlaces(sheet);
  const first = pageOf(sheet, [
    (y) => head(sheet, y),
    (y) => reason(sheet, y),
    (y) => findingsTable(sheet, y, inner),
    (y) => comparisonPart(sheet, y, inner),
    (y) => below(sheet, y),
    (y) => overview(sheet, y),
    (y) => keySlices(sheet, y, inner),
    (y) => closeUps(sheet, found.length <= perRow ? rowOf(found) : [], y),
    (y) => origin(sheet, y),
  ]);
  if (found.length <= perRow || sheet.source === null) return [first];
  const axial = found.map((place) => ({ place, view: views[0] }));
  return [first, pageOf(sheet, [(y) => closeUps(sheet, axial, y), (y) => origin(sheet, y)])];
}

/** Haemorrhages are shown on their whole slice instead. */
function closeUpPlaces({ input, places }: Sheet): readonly Place[] {
  return places.filter(
    ({ isFinding, label }) => isFinding && input.findings.findings[Number(label) - 1]!.kind === 'aneurysm',
  );
}

/** A page grows downwards: each part draws from where the one before ended. */
function pageOf(sheet: Sheet, parts: readonly ((y: number) => Part)[]): Drawing {
  const top = banner(sheet, pageWidth, headline(sheet));
  const items: Item[] = [...top.items];
  let y = top.end;
  for (const part of parts) {
    const drawn = part(y);
    items.push(...drawn.items);
    y = drawn.end;
  }
  return { width: pageWidth, height: Math.ceil(y + 24), background: sheet.palette.background, items };
}

function head({ input, words, palette }: Sheet, y: number): Part {
  const { attributes, frames } = input.source;
  const shown = (keyword: string): string => printable(attributes.text(keyword) ?? '');
  const description = shown('SeriesDescription') || shown('ProtocolName') || words.say('undescribed');
  const series = words.say('series', {
    number: shown('SeriesNumber') || words.say('unnumbered'),
    modality: shown('Modality'),
    description,
  });
  const date = input.createdAt.toISOString().slice(0, 16).replace('T', ' ');
  const style = { size: 17, colour: palette.muted };
  const lines = [
    ...wrapAtMost(series, 2, { ...style, width: inner }),
    gridLine(input, words, frames.length),
    ...wrapAtMost(words.say('made', { completeness: printable(input.identity.completeness), date }), 2, {
      ...style,
      width: inner,
    }),
  ];
  const said = paragraph(lines, { x: margin, y: y + 30 }, style);
  if (input.identity.supersedes === null) return said;
  const replaces = { size: 18, weight: 'bold', colour: palette.text } as const;
  const more = paragraph(
    wrap(words.say('replaces'), inner, 18, 'bold'),
    { x: margin, y: said.end + 28 },
    replaces,
  );
  return { items: [...said.items, ...more.items], end: more.end };
}

function gridLine({ volume }: Sheet['input'], words: Sheet['words'], count: number): string {
  if (volume === null) return words.say('slices', { count });
  const [columns, rows] = volume.size;
  const [column, row, spacing] = volume.spacingMm.map((mm) => words.number(mm, 2));
  return words.say('grid', {
    count,
    columns,
    rows,
    column: column!,
    row: row!,
    spacing: spacing!,
  });
}

const longestReasonLines = 14;

function reason({ input, words, palette }: Sheet, y: number): Part {
  if (input.findings.state !== 'not-analysed') return { items: [], end: y };
  const { code, text: why } = input.findings.reason;
  const style = { size: 22, colour: palette.text };
  const bold = { size: 24, weight: 'bold', colour: palette.text } as const;
  const title = fit(words.say('reason', { code: printable(code) }), inner, bold.size, 'bold');
  const body = wrapAtMost(printable(why), longestReasonLines, { width: inner, size: style.size });
  const parts = [
    paragraph([title], { x: margin, y: y + 48 }, bold),
    paragraph(body, { x: margin, y: y + 88 }, style),
    paragraph(
      [words.say('readYourself')],
      { x: margin, y: y + 98 + leading(style) * body.length },
      { ...style, weight: 'bold' },
    ),
  ];
  return { items: parts.flatMap(({ items }) => items), end: parts[2]!.end };
}

/** Places that stayed below the threshold are told apart from findings in words as well as in shape. */
function below({ places, words, palette }: Sheet, y: number): Part {
  const some = places.filter(({ isFinding }) => !isFinding);
  if (some.length === 0) return { items: [], end: y };
  const list = some
    .map(({ label, probability, slice }) =>
      words.say('belowOne', { label, probability: words.probability(probability), slice: slice ?? '-' }),
    )
    .join(', ');
  const lines = wrapAtMost(words.say('below', { list }), 2, { width: inner, size: 18 });
  return paragraph(lines, { x: margin, y: y + 32 }, { size: 18, colour: palette.text });
}

/** Projections on the left, what to know on the right, or below where the projections need the width. */
function overview(sheet: Sheet, y: number): Part {
  const image = sheet.input.output?.image ?? null;
  const top = y + 24;
  // projections show arteries; blood in the brain is no brighter than bone
  const isVascular = soughtKind(sheet.input.findings) === 'aneurysm';
  if (image === null || !isVascular) return notes(sheet, { x: margin, y: top, width: inner });
  const room = { x: margin, y: top, width: 740, height: 430 };
  const panels = mipPanels(sheet, image, room);
  const x = margin + panels.width + 28;
  const beside = pageWidth - margin - x >= 300;
  const said = beside
    ? notes(sheet, { x, y: top, width: pageWidth - margin - x })
    : notes(sheet, { x: margin, y: panels.end + 20, width: inner });
  return { items: [...panels.items, ...said.items], end: Math.max(panels.end, said.end) };
}

const longestNotes = 22;

function notes(sheet: Sheet, at: { x: number; y: number; width: number }): Part {
  const { words, palette } = sheet;
  const style = { size: 16, colour: palette.muted };
  const lines = noteTexts(sheet).flatMap((words) =>
    wrapAtMost(printable(words), 6, { width: at.width, size: style.size }),
  );
  const shown = lines.length > longestNotes ? [...lines.slice(0, longestNotes - 1), '\u2026'] : lines;
  const title = text(
    fit(words.say('notes'), at.width, 17, 'bold'),
    { x: at.x, y: at.y + 17 },
    { size: 17, weight: 'bold', colour: palette.muted },
  );
  const body = paragraph(shown, { x: at.x, y: at.y + 44 }, style);
  return { items: [title, ...body.items], end: body.end };
}

function noteTexts(sheet: Sheet): readonly string[] {
  const { input, words, places } = sheet;
  const { card, findings } = input;
  const scan =
    findings.state === 'not-analysed'
      ? []
      : [
          words.say(`scanProbability.${soughtKind(findings)}`, {
            probability: words.probability(findings.probability),
            threshold: thresholds(sheet),
          }),
        ];
  const measured =
    // the figures of one bundle say nothing of the marks of several
    card.pipeline === 'tof-patch' && findings.others === undefined && soughtKind(findings) === 'aneurysm'
      ? [
          words.say('measured', {
            testedOn: card.performance.testedOn,
            share: (card.performance.lesionSensitivity4mmUp * 100).toFixed(0),
            false: words.number(card.performance.falsePositivesPerScan, 2),
          }),
        ]
      : [];
  return [
    ...(findings.triage === 'urgent' ? [words.say('triage')] : []),
    ...scan,
    ...opinionTexts(sheet),
    ...demotedText(sheet),
    ...(places.some(({ isFinding }) => isFinding) ? [words.say('legendRing')] : []),
    ...(places.some(({ isFinding }) => !isFinding) ? [words.say('legendDiamond')] : []),
    ...measured,
    ...card.limits.map((limit) => words.say('limit', { limit })),
  ];
}

/** From where findings are reported: each of several pipelines, and each kind of haemorrhage, has its own operating point. */
function thresholds({ input, words }: Sheet): string {
  const { pipeline, others = [], findings } = input.findings;
  const own = words.number(findingThreshold(input.card), 2);
  const kinds = findings.flatMap((finding) => (finding.kind === 'haemorrhage' ? [finding.subtype] : []));
  const further = [
    ...kinds.map((kind) => `${words.number(findingThreshold(input.card, kind), 2)} (${words.say(kind)})`),
    ...others.flatMap(({ pipeline: name, findingThreshold: from, state }) =>
      from === undefined || state === 'not-analysed' ? [] : [`${words.number(from, 2)} (${name})`],
    ),
  ];
  if (further.length === 0) return own;
  return [`${own} (${kinds.length > 0 ? words.say('any') : pipeline})`, ...further].join(', ');
}

/** Where several pipelines read the series: how each of them stands to it, and to every finding. */
function opinionTexts({ input, words }: Sheet): readonly string[] {
  const { others = [] } = input.findings;
  const stands = others.map(({ pipeline, state, reason }) =>
    words.say('otherPipeline', {
      pipeline,
      state: words.say(`other.${state}`, { code: reason?.code ?? '' }),
    }),
  );
  const aneurysms = aneurysmsOf(input.findings);
  const marks = (aneurysms[0]?.opinions ?? []).map(({ pipeline }, reader) => {
    const said = aneurysms.map(({ opinions = [] }, index) => ({
      label: String(index + 1),
      probability: opinions[reader]?.probability ?? null,
    }));
    const marked = said.flatMap(({ label, probability }) =>
      probability === null ? [] : [`${label} (${words.probability(probability)})`],
    );
    const others = said.filter(({ probability }) => probability === null).map(({ label }) => label);
    return words.say('opinions', {
      pipeline,
      marked: marked.join(', ') || '-',
      others: others.join(', ') || '-',
    });
  });
  return [...stands, ...marks];
}

/** What a rule took back is told with its reason: the reader may think otherwise. */
function demotedText({ input, words }: Sheet): readonly string[] {
  const { demoted = [] } = input.findings;
  const { volume } = input;
  if (demoted.length === 0 || volume === null) return [];
  const list = demoted.map(({ why, probability, centreLpsMm }) =>
    words.say(`demoted.${why}`, {
      probability: words.probability(probability),
      slice: Math.round(lpsToIndex(volume, centreLpsMm)[2]) + 1,
    }),
  );
  return [words.say('demoted', { list: list.join(', ') })];
}

const perRow = 4;
const gap = 18;
const fieldMm = 60;

interface Wanted {
  readonly place: Place;
  readonly view: View;
}

/** A row of close-ups: all planes of one finding, two planes of two, one plane of more. */
function rowOf(found: readonly Place[]): readonly Wanted[] {
  const planes = found.length === 1 ? 3 : found.length === 2 ? 2 : 1;
  return found.flatMap((place) => views.slice(0, planes).map((view) => ({ place, view })));
}

function closeUps(sheet: Sheet, wanted: readonly Wanted[], y: number): Part {
  if (sheet.source === null || wanted.length === 0) return { items: [], end: y };
  const { words, palette } = sheet;
  const side = (inner - (perRow - 1) * gap) / perRow;
  const style = { size: 16, weight: 'bold', colour: palette.muted } as const;
  const items = wanted.flatMap(({ place, view }, index) => {
    const x = margin + (index % perRow) * (side + gap);
    const top = y + 24 + Math.floor(index / perRow) * (side + 44);
    const title = `${place.label}: ${words.say('fieldOfView', { view: words.say(view.name), mm: fieldMm })}`;
    const box = { x, y: top + 26, width: side, height: side };
    return [
      text(fit(title, side, style.size, style.weight), { x, y: top + 16 }, style),
      ...closeUp(sheet, place, { view, cut: cutThrough(place, view, fieldMm, side), box }),
    ];
  });
  const rows = Math.ceil(wanted.length / perRow);
  return { items, end: y + 24 + rows * (side + 44) - 18 };
}

/** Who made the page, in one line. */
export function originLine({ input, words }: Sheet): string {
  const { id, version, sha256 } = input.findings.bundle;
  const software = input.softwareVersions;
  return printable(words.say('bundle', { id, version, sha256: sha256.slice(0, 12), software }));
}

function origin(sheet: Sheet, y: number): Part {
  const style = { size: 15, colour: sheet.palette.muted };
  return paragraph([fit(originLine(sheet), inner, style.size)], { x: margin, y: y + 32 }, style);
}
