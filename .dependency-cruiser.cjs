/** The arrows of docs/architecture.md: folders enter each other through index.ts, pure folders know no I/O, drivers stay home. */
const pure = '^src/(dicom|volume|findings|results|evaluation)/';
const io =
  '^(node:)?(fs|fs/promises|net|tls|http|https|child_process|worker_threads|os|dgram|timers|timers/promises)$';

/** folder -> folders it may import. errors.ts is everybody's. */
const mayImport = {
  dicom: [],
  volume: ['dicom', 'findings'],
  findings: ['volume', 'dicom'],
  inference: ['volume', 'findings'],
  pipelines: ['inference', 'findings', 'volume'],
  evaluation: ['volume', 'findings'],
  results: ['pipelines', 'findings', 'volume', 'dicom', 'inference'],
  network: ['dicom'],
  archive: [],
  jobs: ['archive'],
  operations: [],
  intake: ['archive', 'jobs', 'dicom', 'volume', 'findings'],
  analysis: [
    'archive',
    'jobs',
    'dicom',
    'volume',
    'findings',
    'inference',
    'pipelines',
    'results',
    'intake',
    'delivery',
  ],
  delivery: ['archive', 'jobs', 'network', 'dicom', 'findings'],
  priors: ['archive', 'jobs', 'network', 'dicom'],
  web: [
    'archive',
    'jobs',
    'operations',
    'findings',
    'dicom',
    'volume',
    'inference',
    'intake',
    'analysis',
    'delivery',
  ],
  config: [],
};

const folderRules = Object.entries(mayImport).map(([folder, allowed]) => ({
  name: `${folder}-arrows`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: {
    path: '^src/',
    pathNot: [`^src/${folder}/`, '^src/errors\\.ts$', ...allowed.map((name) => `^src/${name}/index\\.ts$`)],
  },
}));

const drivers = [
  ['dcmjs-dimse', '^src/network/'],
  ['better-sqlite3', '^src/archive/'],
  ['kysely', '^src/(archive|jobs)/'],
  ['onnxruntime-node', '^src/inference/'],
  ['sharp', '^src/(results|web)/'],
  ['winston', '^src/operations/'],
  ['fastify', '^src/web/'],
  ['@fastify', '^src/web/'],
  ['prom-client', '^src/operations/'],
  ['@observablehq/plot', '^src/evaluation/'],
  ['linkedom', '^src/evaluation/'],
  ['csv-parse', '^src/evaluation/'],
  ['nifti-reader-js', '^src/(volume|web/ui)/'],
  ['node-cron', '^src/operations/'],
  ['nodemailer', '^src/operations/'],
  ['openid-client', '^src/web/'],
  ['yauzl', '^src/web/'],
].map(([driver, home]) => ({
  name: `${driver}-stays-home`,
  severity: 'error',
  from: { path: '^src/', pathNot: home },
  to: { path: `node_modules/${driver}/` },
}));

module.exports = {
  forbidden: [
    ...folderRules,
    ...drivers,
    {
      name: 'no-circles',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'pure-folders-know-no-io',
      severity: 'error',
      from: { path: pure, pathNot: '^src/results/pictures/text\\.ts$' },
      to: { path: io },
    },
    {
      name: 'only-main-and-node-know-config',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(main|node|config|cli)' },
      to: { path: '^src/config/' },
    },
    {
      name: 'sockets-stay-home',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(network|web)/' },
      to: { path: '^(node:)?(net|tls|dgram|http|https)$' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};
