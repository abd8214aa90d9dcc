import { describeError } from '../errors.ts';
import { loadBundle, openEngine } from '../inference/index.ts';
import { goldenDifference } from '../pipelines/index.ts';

/** A process of its own: opens the bundle in the folder it is given, and prints how far its golden vectors are from the kit's. */
const [, , folder = ''] = process.argv;
try {
  await using engine = openEngine({ providers: ['cpu'], threads: 2 });
  const difference = await goldenDifference(await loadBundle(folder), engine);
  process.stdout.write(String(difference));
} catch (error) {
  process.stderr.write(`${describeError(error).replaceAll('\n', ' ')}\n`);
  process.exitCode = 1;
}
