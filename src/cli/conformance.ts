import type { Command } from 'commander';
import { softwareVersion } from '../version.ts';
import { conformanceStatement } from './statement/index.ts';

export function addConformance(program: Command): void {
  program
    .command('conformance')
    .description('print the DICOM conformance statement of this version (Markdown)')
    .action(() => {
      process.stdout.write(conformanceStatement(softwareVersion));
    });
}
