import { existsSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import type { Command } from 'commander';
import { loadConfig, parseConfig } from '../config/index.ts';
import { startNode } from '../node.ts';
import { openLog } from '../operations/index.ts';
import { buildPageWhereMissing } from './page.ts';

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('run the node until it is stopped (SIGINT or SIGTERM lets running transfers finish)')
    .option(
      '-c, --config <file>',
      'configuration (JSON); left out: data/willis.json, and without that AE WILLIS, port 11112, no destinations',
    )
    .action(async ({ config: file }: { config?: string }) => {
      const written = file ?? 'data/willis.json';
      const config =
        file === undefined && !existsSync(written)
          ? parseConfig({}, 'the default configuration')
          : await loadConfig(written);
      const log = openLog({ terminal: process.stderr.isTTY, level: 'info' });
      const told = config.web.enabled ? buildPageWhereMissing() : null;
      if (told !== null) log.info(told);
      const node = await startNode(config, log, { file: written, valueWithoutFile: {} });
      if (node.web !== null) process.stderr.write(welcome(node.web));
      // else a node that is killed instead of stopped leaves nothing to its next start
      flushCompileCache();
      const signal = await stopSignal();
      log.info('stopping', { signal });
      await node[Symbol.asyncDispose]();
    });
}

/** Where the page is; on the first run, the code that lets the first administrator in. Not for the log, which others read. */
function welcome(web: { readonly url: string; readonly setupCode: string | null }): string {
  const page = `The page is at ${web.url}\n`;
  return web.setupCode === null ? page : `${page}Setup code for the first administrator: ${web.setupCode}\n`;
}

async function stopSignal(): Promise<string> {
  return await new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => resolve(signal));
  });
}
