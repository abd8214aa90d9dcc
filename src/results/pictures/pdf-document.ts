import PDFDocument from 'pdfkit';
import type { Drawing, Item, Line, PathItem, TextItem } from './drawing.ts';
import { png } from './png.ts';
import { fontFile } from './text.ts';

/** A4 in points. */
const paper = { width: 595.28, height: 841.89 };
const border = 28;

/**
 * Pages as a PDF/A-2b document: vector text in an embedded font, nothing that needs a program, a colour profile. The same
 * pages and date give the same bytes.
 */
export async function pdfDocument(
  pages: readonly Drawing[],
  about: { readonly title: string; readonly language: string; readonly createdAt: Date },
): Promise<Buffer> {
  const document = new PDFDocument({
    autoFirstPage: false,
    pdfVersion: '1.7',
    subset: 'PDF/A-2b',
    lang: about.language,
    displayTitle: true,
    compress: true,
    info: {
      Title: about.title,
      Author: 'Willis',
      Creator: 'Willis',
      Producer: 'Willis',
      CreationDate: about.createdAt,
      ModDate: about.createdAt,
    },
  });
  const bytes = collect(document);
  for (const weight of ['regular', 'bold'] as const) document.registerFont(weight, fontFile(weight));
  for (const page of pages) await draw(document, page);
  document.end();
  return await bytes;
}

async function collect(document: PDFKit.PDFDocument): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of document) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A page of the document for each drawing, as large as the paper allows. */
async function draw(
  document: PDFKit.PDFDocument,
  { width, height, background, items }: Drawing,
): Promise<void> {
  document.addPage({ size: [paper.width, paper.height], margin: 0 });
  const scale = Math.min((paper.width - 2 * border) / width, (paper.height - 2 * border) / height);
  document.save();
  document.translate((paper.width - width * scale) / 2, border).scale(scale);
  document.fillColor(background).rect(0, 0, width, height).fill();
  for (const item of items) await drawItem(document, item);
  document.restore();
}

async function drawItem(document: PDFKit.PDFDocument, item: Item): Promise<void> {
  switch (item.kind) {
    case 'text':
      drawText(document, item);
      return;
    case 'image': {
      const { x, y, width, height } = item;
      document.image(await png(item.picture, 9), x, y, { width, height });
      return;
    }
    case 'rect':
      document.fillColor(item.fill).rect(item.x, item.y, item.width, item.height).fill();
      return;
    case 'circle':
      prepare(document, item.line);
      document.circle(item.x, item.y, item.radius).stroke();
      return;
    case 'path':
      drawPath(document, item);
      return;
  }
}

/** Without kerning and ligatures, as the layout measured it. */
function drawText(document: PDFKit.PDFDocument, { words, x, y, style }: TextItem): void {
  if (words.trim() === '') return;
  document.font(style.weight ?? 'regular').fontSize(style.size);
  const options = { lineBreak: false, baseline: 'alphabetic', features: { kern: false, liga: false } };
  const set = (more: object): void => {
    document.text(words, x, y, { ...options, ...more } as unknown as PDFKit.Mixins.TextOptions);
  };
  if (style.halo !== undefined) {
    document
      .lineWidth(style.size / 5)
      .lineJoin('round')
      .undash();
    document.strokeColor(style.halo).fillColor(style.halo);
    set({ stroke: true, fill: true });
  }
  document.fillColor(style.colour);
  set({});
}

function drawPath(document: PDFKit.PDFDocument, { points, closed, fill, line }: PathItem): void {
  const trace = (): void => {
    points.forEach(([x, y], index) => (index === 0 ? document.moveTo(x, y) : document.lineTo(x, y)));
    if (closed === true) document.closePath();
  };
  if (fill !== undefined) {
    document.fillColor(fill);
    trace();
    document.fill();
  }
  if (line !== undefined) {
    prepare(document, line);
    trace();
    document.stroke();
  }
}

/** The pen, before the path: between a path and its painting nothing may stand (ISO 32000-1 8.2). */
function prepare(document: PDFKit.PDFDocument, line: Line): void {
  document.lineWidth(line.width).lineJoin('round').strokeColor(line.colour);
  if (line.dashed === true) document.dash(line.width * 2.5, { space: line.width * 2 });
  else document.undash();
}
