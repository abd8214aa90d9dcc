import { createWriteStream, existsSync, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { WillisError } from '../../errors.ts';
import { openBudget, type Budget } from '../inference/budget.ts';
import { unpackAs } from '../inference/unpack.ts';

const limits = { bytes: 2e9, files: 200 };
/** What a bundle is made of, with or without a folder of its own around it. */
const bundleFile = /^(?:[\w.@ -]+\/)?(model\.json|[\w.-]+\.(?:onnx|md|png|txt)|golden\/[\w.-]+)$/;

/** Puts the files of a bundle, uploaded as one ZIP archive, into `folder`. Throws REQUEST_INVALID, UPLOAD_TOO_LARGE, BUNDLE_INVALID. */
export async function unpackBundle(body: Readable, folder: string): Promise<void> {
  const budget = openBudget(limits);
  const archive = path.join(folder, 'upload.zip');
  await pipeline(body, counting(budget), createWriteStream(archive, { flags: 'wx' }));
  await unpackAs(archive, {
    budget,
    placeOf: (name) => {
      budget.nextName();
      return placeIn(folder, name);
    },
  });
  await rm(archive);
}

function counting(budget: Budget): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        budget.spend(chunk.length);
        done(null, chunk);
      } catch (error) {
        done(error as Error);
      }
    },
  });
}

function placeIn(folder: string, name: string): string {
  const inner = bundleFile.exec(name)?.[1];
  if (inner === undefined)
    throw new WillisError(
      'BUNDLE_INVALID',
      `The bundle was refused: the archive holds "${name.slice(0, 100)}". A bundle is model.json, its networks (*.onnx), CARD.md with its pictures (*.png) and licences (*.txt), and a folder "golden".`,
    );
  const place = path.join(folder, inner);
  if (existsSync(place))
    throw new WillisError('BUNDLE_INVALID', `The bundle was refused: the archive holds ${inner} twice.`);
  mkdirSync(path.dirname(place), { recursive: true });
  return place;
}
