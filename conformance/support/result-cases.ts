import type { Dataset, RawElement } from '../../src/dicom/index.ts';
import { siteClasses, type Growth, type HaemorrhageSubtype } from '../../src/findings/index.ts';
import type { ResultInput, ResultKind } from '../../src/results/index.ts';
import {
  madeAneurysm,
  madeHaemorrhage,
  madeInput,
  madeSource,
  type MadeSeries,
} from '../../test/support/result-input.ts';

/** One made analysis whose results go before the judges. */
export interface Case {
  readonly name: string;
  readonly input: ResultInput;
  /** The kinds that it makes, heatmaps aside. */
  readonly kinds: readonly ResultKind[];
  /** What every reader must see. */
  readonly patientName?: string;
}

const reports: readonly ResultKind[] = ['sr', 'sr-comprehensive', 'sr-basic-text'];
const withMap: readonly ResultKind[] = [...reports, 'parametric-map'];
const withMarks: readonly ResultKind[] = [...withMap, 'kos', 'presentation-state'];
const withMasks: readonly ResultKind[] = [...withMarks, 'seg'];

const latin = (text: string): readonly number[] => [...Buffer.from(text, 'latin1')];
const escaped = (bytes: string): readonly number[] => [0x1b, 0x24, 0x42, ...latin(bytes), 0x1b, 0x28, 0x42];

/** The patient as sources write it: character set, name as bytes, and the name an independent reader must see. */
const patients: readonly (readonly [string, string | undefined, readonly number[], string])[] = [
  ['ASCII', undefined, latin('Doe^Jane'), 'Doe^Jane'],
  ['Latin-1', 'ISO_IR 100', latin('M\u00fcller^J\u00f6rg'), 'Müller^Jörg'],
  ['UTF-8', 'ISO_IR 192', [...Buffer.from('Ångström^Zoë', 'utf8')], 'Ångström^Zoë'],
  ['Greek', 'ISO_IR 126', [0xc4, 0xe9, 0xef, 0xed, 0xf5, 0xf3, 0xe9, 0xef, 0xf2], 'Διονυσιος'],
  [
    'Japanese',
    '\\ISO 2022 IR 87',
    [...latin('Yamada^Tarou='), ...escaped(';3ED'), ...latin('^'), ...escaped('B@O:')],
    'Yamada^Tarou=山田^太郎',
  ],
];

const growth: Growth = {
  prior: {
    studyInstanceUid: '2.25.99',
    seriesInstanceUid: '2.25.98',
    studyDate: '20250102',
    report: {
      sopClassUid: '1.2.840.10008.5.1.4.1.1.88.34',
      sopInstanceUid: '2.25.97',
      seriesInstanceUid: '2.25.96',
    },
  },
  priorMaxDiameterMm: 4,
  priorVolumeMm3: 33.5,
  change: 'grown',
};

/** Each an input of its own, and so with UIDs of its own. */
export const cases: readonly Case[] = (
  [
    aneurysms('one aneurysm that grew', {}, [{ growth }]),
    aneurysms('two aneurysms, one on the midline', {}, [
      {},
      {
        probability: 0.5,
        maxDiameterMm: 4.5,
        volumeMm3: 40,
        site: { value: '8012006', scheme: 'SCT', meaning: 'Anterior communicating artery', laterality: null },
        growth: { ...growth, prior: { ...growth.prior, report: null }, change: 'unchanged' },
      },
    ]),
    tenAneurysms(),
    ...everySite(),
    state('no aneurysm', 'no-findings', 'tof-patch', withMap),
    state('no haemorrhage', 'no-findings', 'ncct-haemorrhage', withMap),
    state('not analysed', 'not-analysed', 'tof-patch', reports),
    ...(['epidural', 'intraparenchymal', 'intraventricular', 'subarachnoid', 'subdural'] as const).map(
      (subtype) => haemorrhage(`${subtype} haemorrhage`, [subtype], 'slices'),
    ),
    haemorrhage('haemorrhages of two subtypes with a place', ['subdural', 'intraparenchymal'], 'centre'),
    superseding(),
    ...patients.map(([name, characterSet, bytes, patientName]) => ({
      ...aneurysms(`patient's name in ${name}`, {
        attributes: {
          SpecificCharacterSet: characterSet?.split('\\'),
          PatientName: raw('00100010', 'PN', bytes),
        },
      }),
      patientName,
    })),
    aneurysms('patient fields missing or malformed', {
      attributes: {
        PatientName: '',
        PatientID: '',
        PatientBirthDate: 'unknown',
        PatientSex: 'X',
        AccessionNumber: undefined,
        StudyID: undefined,
        StudyDate: undefined,
        StudyTime: undefined,
        ReferringPhysicianName: undefined,
      },
    }),
    aneurysms('identifiers of 64 characters', {
      uid: (name) =>
        `1.2.${[...name.padEnd(60, '_')].map((c) => String((c.charCodeAt(0) % 9) + 1)).join('')}`,
      attributes: { PatientID: 'P'.repeat(64), PatientName: `${'N'.repeat(32)}^${'V'.repeat(31)}` },
    }),
    {
      ...aneurysms('a source without Frame of Reference', { attributes: { FrameOfReferenceUID: undefined } }),
      kinds: [...reports, 'kos', 'presentation-state'],
    },
    aneurysms('a multi-frame source', { multiFrame: true }),
    aneurysms('a source with rescaling and window', {
      modality: 'CT',
      attributes: { RescaleSlope: '1', RescaleIntercept: '-1024', WindowCenter: '40', WindowWidth: '80' },
    }),
  ] satisfies readonly Case[]
).map((one) => ({
  ...one,
  input: { ...one.input, identity: { ...one.input.identity, inputSha256: one.name } },
}));

function aneurysms(
  name: string,
  series: MadeSeries,
  changes: readonly Parameters<typeof madeAneurysm>[2][] = [{}],
): Case {
  const made = madeSource(series);
  const places = [
    [2, 1, 0],
    [-12, 1, -2],
  ] as const;
  const findings = changes.map((change, index) => madeAneurysm(made, places[index]!, change));
  return { name, input: madeInput(made, { state: 'findings', findings }), kinds: withMasks };
}

/** So many that they touch: some are one component of the map, and share it. */
function tenAneurysms(): Case {
  const made = madeSource();
  const findings = Array.from({ length: 10 }, (_, index) =>
    madeAneurysm(made, [(index % 5) * 7 - 14, index < 5 ? -8 : 6, 0], {
      maxDiameterMm: 2 + index / 50,
      probability: 0.95 - index / 20,
    }),
  );
  return { name: 'ten aneurysms', input: madeInput(made, { state: 'findings', findings }), kinds: withMasks };
}

/** Each location the site model tells apart, with its codes, its part of the artery and its side; two a case. */
function everySite(): readonly Case[] {
  const named = siteClasses.flatMap(({ site, ...one }) => (site === null ? [] : [{ ...one, site }]));
  const changes = named.map((one, index) => ({
    probability: index % 2 === 0 ? 0.875 : 0.5,
    maxDiameterMm: 4.5,
    site: { ...one.site, laterality: one.kind === 'paired' ? one.side : null },
  }));
  return changes.flatMap((_, index) => {
    if (index % 2 !== 0) return [];
    const sites = changes.slice(index, index + 2);
    const name = `sites ${sites.map((one) => named[changes.indexOf(one)]!.name).join(', ')}`;
    const { input, ...made } = aneurysms(name, {}, sites);
    const sitesBy = { id: 'artery-sites-phantom', version: '0.1.0', sha256: 'c'.repeat(64) };
    return [{ ...made, input: { ...input, findings: { ...input.findings, sitesBy } } }];
  });
}

function state(
  name: string,
  found: 'no-findings' | 'not-analysed',
  pipeline: string,
  kinds: readonly ResultKind[],
): Case {
  return { name, input: madeInput(madeSource(), { state: found, pipeline }), kinds };
}

function haemorrhage(
  name: string,
  subtypes: readonly HaemorrhageSubtype[],
  place: 'slices' | 'centre',
): Case {
  const made = madeSource({ modality: 'CT' });
  const findings = subtypes.map((subtype, index) => ({
    ...madeHaemorrhage(made, subtype, place),
    probability: 0.96875 - index / 8,
  }));
  const input = madeInput(made, { state: 'findings', pipeline: 'ncct-haemorrhage', findings });
  return { name, input, kinds: withMarks };
}

function superseding(): Case {
  const made = madeSource();
  const findings = [madeAneurysm(made, [2, 1, 0])];
  const sr = { kind: 'sr', sopClassUid: '1.2.840.10008.5.1.4.1.1.88.34' } as const;
  const text = { kind: 'sr-basic-text', sopClassUid: '1.2.840.10008.5.1.4.1.1.88.11' } as const;
  const supersedes = {
    reports: [
      { ...sr, sopInstanceUid: '2.25.1', seriesInstanceUid: '2.25.2' },
      { ...text, sopInstanceUid: '2.25.3', seriesInstanceUid: '2.25.4' },
    ],
  };
  const input = madeInput(made, { state: 'findings', findings }, { version: 2, supersedes });
  return { name: 'superseding', input, kinds: withMasks };
}

function raw(tag: string, vr: string, bytes: readonly number[]): RawElement {
  return { tag, vr, bytes: Uint8Array.from(bytes) } satisfies Dataset[string];
}
