import { Command } from 'commander';
import { addBundles } from './cli/bundles.ts';
import { addConfig } from './cli/config.ts';
import { addConformance } from './cli/conformance.ts';
import { addEcho } from './cli/echo.ts';
import { addEvaluate } from './cli/evaluate.ts';
import { addProcess } from './cli/process.ts';
import { addSend } from './cli/send.ts';
import { addServe } from './cli/serve.ts';
import { WillisError } from './errors.ts';
import { softwareVersion } from './version.ts';

/** The command line. Exit status 0 done, 1 failed (what, why and what to do on stderr), 2 wrong usage. */
async function main(): Promise<void> {
  const program = new Command('willis')
    .description(
      'PACS plug-in node: receives head studies, looks for intracranial aneurysms, sends pictures and reports back.\n' +
        'The shipped models are trained on synthetic phantoms: not for clinical use.',
    )
    .version(softwareVersion)
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : 2);
    })
    .addHelpText(
      'after',
      `
Examples:
  willis serve                                  run the node: AE WILLIS, DICOM port 11112, data in ./data
  willis serve --config willis.json             the same with your PACS, callers and rules
  willis echo ORTHANC@10.0.0.5:4242             does the PACS answer us?
  willis process study/ --out results/          analyse files without any network
  willis evaluate cases/ --truth truth.json --out report/   how well the node reads labelled cases
  willis config schema > willis.schema.json     every configuration key with its meaning`,
    );
  for (const add of [
    addServe,
    addProcess,
    addEvaluate,
    addSend,
    addEcho,
    addBundles,
    addConfig,
    addConformance,
  ])
    add(program);
  await program.parseAsync();
}

main().catch((error: unknown) => {
  const text =
    error instanceof WillisError
      ? `${error.message} [${error.code}]`
      : String((error as Error).stack ?? error);
  process.stderr.write(`willis: ${text}\n`);
  process.exitCode = 1;
});
