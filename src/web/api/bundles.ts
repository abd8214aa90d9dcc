import path from 'node:path';
import { z } from 'zod';
import { dailyScores, type DailyScore } from '../../archive/index.ts';
import { networkInputOf, parametersOf, type ListedBundle } from '../../inference/index.ts';
import type { App } from '../app.ts';
import { bundle, type Bundle } from '../contract.ts';
import type { NodeAccess } from '../options.ts';

/** The cards of the bundles: what each was trained on, how it was measured, who uses it; and those that were refused. */
export function bundleRoutes(app: App, node: NodeAccess): void {
  const schema = { response: { 200: z.array(bundle) } };
  app.get('/api/bundles', { config: { access: 'read' }, schema }, async () => {
    const listed = await node.bundles();
    const scores = await dailyScores(node.database, node.now() - shownDays * 86_400_000);
    return listed.map((one) => card(one, node, scores));
  });
}

const shownDays = 60;

const unknown = {
  id: '',
  version: '',
  title: '',
  pipeline: '',
  sha256: '',
  synthetic: false,
  intendedUse: '',
  limits: [],
  performance: {},
  training: {},
  usedByRules: [],
  parameters: {},
  networkInput: null,
  drift: [],
};

function card(listed: ListedBundle, node: NodeAccess, scores: readonly DailyScore[]): Bundle {
  if (listed.kind === 'refused')
    return { ...unknown, folder: path.basename(listed.folder), refused: listed.error.message };
  const { manifest, identity, folder } = listed.bundle;
  return {
    folder: path.basename(folder),
    refused: null,
    id: identity.id,
    version: identity.version,
    title: manifest.title,
    pipeline: manifest.pipeline,
    sha256: identity.sha256,
    synthetic: manifest.training.synthetic,
    intendedUse: manifest.intendedUse,
    limits: manifest.limits,
    performance: manifest.performance,
    training: manifest.training,
    usedByRules: node
      .facts()
      .rules.filter((rule) => rule.pipeline === manifest.pipeline)
      .map(({ name }) => name),
    parameters: { ...parametersOf(manifest) },
    networkInput: networkInputOf(manifest),
    drift: scores
      .filter((score) => score.bundleSha256 === identity.sha256)
      .map(({ day, scans, withFindings, meanProbability }) => ({
        day,
        scans,
        withFindings,
        meanProbability,
      })),
  };
}
