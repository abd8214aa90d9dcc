import type { Command } from 'commander';
import { WillisError } from '../errors.ts';
import { sendInstances, type PeerAddress } from '../network/index.ts';
import { listInstances } from './instances.ts';
import { parsePeer } from './peer.ts';

export function addSend(program: Command): void {
  program
    .command('send')
    .description('send DICOM files to a peer (C-STORE), byte for byte as they are')
    .argument('<path...>', 'DICOM files or folders')
    .requiredOption('--to <peer>', 'AE@HOST:PORT', parsePeer)
    .option('--calling <aeTitle>', 'AE title we call ourselves', 'WILLIS')
    .action(async (paths: string[], options: { to: PeerAddress; calling: string }) => {
      const { instances, skipped } = await listInstances(paths);
      if (skipped > 0) process.stderr.write(`${skipped} files are not DICOM and were left out\n`);
      const outcomes = await sendInstances(options.to, instances, { callingAeTitle: options.calling });
      const stored = outcomes.filter((outcome) => outcome.kind === 'stored').length;
      process.stdout.write(`${options.to.aeTitle} stored ${stored} of ${outcomes.length} instances\n`);
      const refused = outcomes.find((outcome) => outcome.kind !== 'stored');
      if (refused !== undefined) throw new WillisError('RESULTS_NOT_TAKEN', `First refusal: ${refused.text}`);
    });
}
