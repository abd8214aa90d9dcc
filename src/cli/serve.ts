import type { Command } from 'commander';
import { loadConfig, parseConfig } from '../config/index.ts';
import { startNode } from '../node.ts';
import { openLog } from '../operations/index.ts';

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('run the node until it is stopped (SIGINT or SIGTERM lets running transfers finish)')
    .option(
      '-c, --config <file>',
      'configuration (JSON); left out: AE WILLIS, port 11112, ./data, no destinations',
    )
    .action(async ({ config: file }: { config?: string }) => {
      const config =
        file === undefined ? parseConfig({}, 'the default configuration') : await loadConfig(file);
      const log = openLog({ terminal: process.stderr.isTTY, level: 'info' });
      const node = await startNode(config, log);
      const signal = await stopSignal();
      log.info('stopping', { signal });
      await node[Symbol.asyncDispose]();
    });
}

async function stopSignal(): Promise<string> {
  return await new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => resolve(signal));
  });
}
