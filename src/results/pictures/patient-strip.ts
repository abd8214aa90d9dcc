import { text, type Drawing, type Item } from './drawing.ts';
import { margin } from './banner.ts';
import type { Sheet } from './sheet.ts';
import { isoDate } from './table.ts';
import { fit, printable, textWidth } from './text.ts';

const lineHeight = 24;

/** A page under the head of a document: whose it is, which study, which page. Pictures have no such head: the PACS shows it. */
export function withPatient(sheet: Sheet, page: Drawing, number: { page: number; pages: number }): Drawing {
  const lines = patientLines(sheet);
  const height = lines.length * lineHeight + 24;
  const { words, palette } = sheet;
  const style = { size: 16, colour: palette.text };
  const pageWords = words.say('page', number);
  const pageWidth = textWidth(pageWords, style.size);
  const room = page.width - 2 * margin - pageWidth - 24;
  const items = lines.map((line, index) =>
    text(fit(line, room, style.size), { x: margin, y: 24 + index * lineHeight }, style),
  );
  return {
    ...page,
    height: page.height + height,
    items: [
      ...items,
      text(pageWords, { x: page.width - margin - pageWidth, y: 24 }, style),
      ...page.items.map((item) => lowered(item, height)),
    ],
  };
}

function patientLines({ input, words }: Sheet): readonly string[] {
  const { attributes } = input.source;
  const value = (keyword: string): string => printable(attributes.text(keyword) ?? '') || '-';
  const date = (keyword: string): string => isoDate(attributes.text(keyword) ?? '') || '-';
  return [
    `${words.say('patient')}: ${personName(attributes.text('PatientName') ?? '')}`,
    `${words.say('patientId')}: ${value('PatientID')}`,
    `${words.say('birthDate')}: ${date('PatientBirthDate')}   ${words.say('studyDate')}: ${date('StudyDate')}   ${words.say('accession')}: ${value('AccessionNumber')}`,
  ];
}

/** The first component group that the font can show (PS3.5 6.2.1.1): alphabetic before ideographic before phonetic. */
function personName(name: string): string {
  const groups = name
    .split('=')
    .map((group) => group.split('^').filter((part) => part.trim() !== ''))
    .filter((parts) => parts.length > 0)
    .map((parts) => (parts.length > 1 ? `${parts[0]!}, ${parts.slice(1).join(' ')}` : parts[0]!));
  const shown = groups.find((group) => !printable(group).includes('?')) ?? groups[0] ?? '';
  return printable(shown) || '-';
}

function lowered(item: Item, by: number): Item {
  if (item.kind === 'path') return { ...item, points: item.points.map(([x, y]) => [x, y + by] as const) };
  return { ...item, y: item.y + by };
}
