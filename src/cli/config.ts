import type { Command } from 'commander';
import { configJsonSchema, doubtsOf, loadConfig } from '../config/index.ts';

export function addConfig(program: Command): void {
  const config = program.command('config').description('check a configuration, or print its JSON Schema');
  config
    .command('check')
    .description(
      'check a configuration file, print it with every default filled in, and warn of what is hardly meant',
    )
    .argument('<file>', 'configuration (JSON)')
    .action(async (file: string) => {
      const config = await loadConfig(file);
      process.stdout.write(`${JSON.stringify(config, null, 2)}\n`);
      for (const doubt of doubtsOf(config)) process.stderr.write(`warning: ${doubt}\n`);
    });
  config
    .command('schema')
    .description('print the JSON Schema of the configuration: every key with its meaning')
    .action(() => {
      process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
    });
}
