import type { Command } from 'commander';
import { verify, type PeerAddress } from '../network/index.ts';
import { parsePeer } from './peer.ts';

export function addEcho(program: Command): void {
  program
    .command('echo')
    .description('ask a DICOM peer whether it answers us (C-ECHO), and show the negotiation in plain words')
    .argument('<peer>', 'AE@HOST:PORT', parsePeer)
    .option('--calling <aeTitle>', 'AE title we call ourselves', 'WILLIS')
    .action(async (peer: PeerAddress, options: { calling: string }) => {
      const report = await verify(peer, { callingAeTitle: options.calling });
      process.stdout.write(`${report.lines.join('\n')}\n`);
    });
}
