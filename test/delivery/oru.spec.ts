import { expect } from 'chai';
import fc from 'fast-check';
import { escaped, resultMessage, type ResultMessage } from '../../src/delivery/oru.ts';

const message: ResultMessage = {
  controlId: 'abc',
  sentAt: new Date(Date.UTC(2026, 4, 3, 10, 20, 30)),
  from: { application: 'WILLIS', facility: 'A&E' },
  to: { application: 'RIS', facility: '' },
  patient: { id: 'P|1', issuer: 'H', name: 'Müller^Änne^^Dr.^jr.=山田', birthDate: '19700102', sex: 'F' },
  study: { accessionNumber: 'ACC', studyInstanceUid: '1.2.3', date: '20260503', time: '101112.55' },
  findings: {
    seriesInstanceUid: '1.2.3.4',
    pipeline: 'tof-patch',
    bundle: { id: 'b', version: '1', sha256: '00' },
    timingsMs: { load: 0, preprocess: 0, inference: 0, results: 0 },
    state: 'findings',
    probability: 0.9312,
    findings: [
      {
        kind: 'aneurysm',
        probability: 0.93,
        centreLpsMm: [1, 2, 3],
        maxDiameterMm: 5.12,
        volumeMm3: 61,
        site: { value: '8012006', scheme: 'SCT', meaning: 'ACom', laterality: null },
        keySopInstanceUid: '1.2',
        keyFrameNumber: null,
      },
    ],
  },
  intendedUse: 'Not for clinical use',
};

function segments(text: string): readonly (readonly string[])[] {
  return text
    .split('\r')
    .filter(Boolean)
    .map((segment) => segment.split('|'));
}

describe('ORU^R01', () => {
  it('tells patient, study, state and each finding with its measures', () => {
    const [msh, pid, obr, ...rest] = segments(resultMessage(message));
    expect(msh).to.deep.equal([
      ...[
        'MSH',
        '^~\\&',
        'WILLIS',
        'A\\T\\E',
        'RIS',
        '',
        '20260503102030+0000',
        '',
        'ORU^R01^ORU_R01',
        'abc',
      ],
      ...['P', '2.5.1', '', '', 'AL', 'NE', '', 'UNICODE UTF-8'],
    ]);
    expect(pid).to.deep.equal([
      ...['PID', '1', '', 'P\\F\\1^^^H', '', 'Müller^Änne^^jr.^Dr.~山田', '', '19700102', 'F'],
    ]);
    expect([obr![3], obr![7], obr![22], obr![25]]).to.deep.equal([
      ...['ACC', '20260503101112', '20260503102030+0000', 'P'],
    ]);
    expect(rest.map((obx) => obx[1])).to.deep.equal(rest.map((_, index) => String(index + 1)));
    const told = rest.map((obx) => obx.slice(2, 7).join('|'));
    expect(told).to.include(
      'CWE|111017^CAD Processing and Findings Summary^DCM||111242^All algorithms succeeded; with findings^DCM|',
    );
    expect(told).to.include('NM|81827009^Diameter^SCT|1|5.1|mm^mm^UCUM');
    expect(told).to.include('CWE|363698007^Finding Site^SCT|1|8012006^ACom^SCT|');
    expect(told).to.include('ST|121106^Comment^DCM||Not for clinical use|');
  });

  it('never says "no findings" of a series that was not analysed', () => {
    const { bundle, pipeline, seriesInstanceUid, timingsMs } = message.findings;
    const reason = { code: 'SLICE_GAP', text: 'slices 3 | 4 are missing' };
    const text = resultMessage({
      ...message,
      findings: {
        bundle,
        pipeline,
        seriesInstanceUid,
        timingsMs,
        state: 'not-analysed',
        reason,
        findings: [],
      },
    });
    expect(text).to.match(/NOT ANALYSED\. This is not a negative result\./);
    expect(text).to.include('SLICE_GAP: slices 3 \\F\\ 4 are missing');
    expect(text).to.not.match(/111241|No findings/);
    expect(
      segments(text)
        .filter(([name]) => name === 'OBX')
        .every((obx) => obx[11] === 'X'),
    ).to.equal(true);
  });

  it('escapes any text so that a reader gets it back and the message keeps its shape', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const safe = escaped(text);
        expect(safe).to.not.match(/[|^&~\r\n\x00-\x1f]/);
        const printable = text.replace(/\r\n|\r/g, '\n').replace(/[\x00-\x09\x0B-\x1F\x7F]/g, '');
        expect(unescaped(safe)).to.equal(printable);
        const shape = (value: ResultMessage): readonly number[] =>
          segments(resultMessage(value)).map((one) => one.length);
        const named = { ...message, patient: { ...message.patient, id: text, name: text } };
        expect(shape(named)).to.deep.equal(shape(message));
      }),
    );
  });
});

function unescaped(text: string): string {
  const characters: Readonly<Record<string, string>> = {
    E: '\\',
    F: '|',
    S: '^',
    T: '&',
    R: '~',
    '.br': '\n',
  };
  return text.replace(/\\(E|F|S|T|R|\.br)\\/g, (_, name: string) => characters[name]!);
}
