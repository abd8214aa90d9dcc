/** What identifies Willis on the wire and in files (PS3.7 D.3.3.2). The UID is derived once from the project's name. */
export const implementation = {
  classUid: '2.25.116804962270345301216934617193468284013',
  versionName: 'WILLIS_0_1',
} as const;

/** Preamble, DICM and File Meta Information (PS3.10 7.1) for a data set that follows unchanged. */
export function part10Header(meta: {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
}): Buffer {
  const group = Buffer.concat([
    long(0x0001, 'OB', Buffer.from([0, 1])),
    short(0x0002, 'UI', meta.sopClassUid),
    short(0x0003, 'UI', meta.sopInstanceUid),
    short(0x0010, 'UI', meta.transferSyntaxUid),
    short(0x0012, 'UI', implementation.classUid),
    short(0x0013, 'SH', implementation.versionName),
  ]);
  const start = Buffer.alloc(144);
  start.write('DICM', 128, 'latin1');
  start.writeUInt16LE(0x0002, 132);
  start.write('UL', 136, 'latin1');
  start.writeUInt16LE(4, 138);
  start.writeUInt32LE(group.length, 140);
  return Buffer.concat([start, group]);
}

function short(element: number, vr: string, text: string): Buffer {
  const padded = text.length % 2 === 0 ? text : text + (vr === 'UI' ? '\0' : ' ');
  const header = Buffer.alloc(8);
  header.writeUInt16LE(0x0002, 0);
  header.writeUInt16LE(element, 2);
  header.write(vr, 4, 'latin1');
  header.writeUInt16LE(padded.length, 6);
  return Buffer.concat([header, Buffer.from(padded, 'latin1')]);
}

function long(element: number, vr: string, bytes: Buffer): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16LE(0x0002, 0);
  header.writeUInt16LE(element, 2);
  header.write(vr, 4, 'latin1');
  header.writeUInt32LE(bytes.length, 8);
  return Buffer.concat([header, bytes]);
}
