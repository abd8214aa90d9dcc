import { expect } from 'chai';
import fc from 'fast-check';
import { PduReader, ProtocolFault } from '../../src/network/pdu-reader.ts';
import { dataHeader, releasePdu } from '../../src/network/pdu-writer.ts';

interface Heard {
  readonly values: string[];
  readonly controls: number[];
}

function reader(heard: Heard, dataBytes = 1024): PduReader {
  let value = '';
  return new PduReader(
    {
      control: (type) => heard.controls.push(type),
      valueStart: ({ contextId, isCommand, isLast }) => (value = `${contextId} ${isCommand} ${isLast} `),
      valueBytes: (bytes) => (value += bytes.toString('hex')),
      valueEnd: () => {
        heard.values.push(value);
        return false;
      },
    },
    { dataBytes, controlBytes: 1024 },
  );
}

const message = fc.record({
  contextId: fc.integer({ min: 1, max: 255 }),
  isCommand: fc.boolean(),
  isLast: fc.boolean(),
  bytes: fc.uint8Array({ maxLength: 300 }),
});

describe('PDU reader', () => {
  it('hears the same however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 }),
        (messages, cuts) => {
          const parts = messages.flatMap((one) => [
            dataHeader(one.contextId, one.bytes.length, one),
            Buffer.from(one.bytes),
          ]);
          const stream = Buffer.concat([...parts, releasePdu('request')]);
          const heard: Heard = { values: [], controls: [] };
          const cut = reader(heard);
          for (let at = 0, turn = 0; at < stream.length; turn += 1) {
            const end = Math.min(stream.length, at + cuts[turn % cuts.length]!);
            expect(cut.feed(stream.subarray(at, end))).to.equal(end - at);
            at = end;
          }
          expect(heard.controls).to.deep.equal([5]);
          expect(heard.values).to.deep.equal(
            messages.map(
              (one) =>
                `${one.contextId} ${one.isCommand} ${one.isLast} ${Buffer.from(one.bytes).toString('hex')}`,
            ),
          );
          expect(cut.isIdle).to.equal(true);
        },
      ),
    );
  });

  it('never does anything but hear or throw ProtocolFault, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (chunks) => {
        const any = reader({ values: [], controls: [] });
        try {
          for (const chunk of chunks) any.feed(Buffer.from(chunk));
        } catch (error) {
          expect(error).to.be.instanceOf(ProtocolFault);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('refuses lengths before it believes them', () => {
    const huge = Buffer.from([4, 0, 0xff, 0xff, 0xff, 0xf0]);
    expect(() => reader({ values: [], controls: [] }).feed(huge)).to.throw(ProtocolFault, /4294967280 bytes/);
    const beyond = Buffer.from([4, 0, 0, 0, 0, 8, 0, 0, 0, 200, 1, 3]);
    expect(() => reader({ values: [], controls: [] }).feed(beyond)).to.throw(ProtocolFault);
    expect(() => reader({ values: [], controls: [] }).feed(Buffer.from('GET / HTTP/1.1'))).to.throw(
      ProtocolFault,
      /no DICOM/,
    );
  });
});
