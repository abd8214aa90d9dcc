import path from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  bundleFor,
  loadBundle,
  loadHelperModels,
  openEngine,
  openEngines,
  type BundleOf,
  type Engine,
  type EnginesOptions,
} from '../../src/inference/index.ts';
import { decodeAnswer, encodeRequest } from '../../src/inference/remote/message.ts';
import { WillisError } from '../../src/errors.ts';
import { goldenDifference } from '../../src/pipelines/index.ts';
import { modelsOf, startInferenceServer, type InferenceServerDouble } from '../support/inference-server.ts';

type Remote = NonNullable<EnginesOptions['remotes']>[number];

const models = path.join(import.meta.dirname, '..', '..', 'models');

describe('remote inference', function () {
  this.timeout(60_000);
  let bundle: BundleOf<'cta-resnet'>;
  let other: BundleOf<'tof-patch'>;
  let server: InferenceServerDouble;
  let local: Engine;
  let probe: Float32Array;

  before(async () => {
    bundle = bundleFor(await loadBundle(path.join(models, 'cta-resnet')), 'cta-resnet');
    other = bundleFor(await loadBundle(path.join(models, 'tof-patch')), 'tof-patch');
    local = openEngine({ providers: ['cpu'], threads: 2 });
    probe = Float32Array.from({ length: 3 * 64 * 64 }, (_, index) => 300 * Math.sin(index));
  });
  beforeEach(async () => {
    const { file, input } = bundle.manifest.network;
    server = await startInferenceServer(modelsOf(bundle, [{ file, inputs: [input] }]));
  });
  afterEach(async () => await server[Symbol.asyncDispose]());
  after(async () => await local[Symbol.asyncDispose]());

  async function ask(engine: Engine): Promise<number> {
    const { file, input } = bundle.manifest.network;
    const inputs = [{ name: input, data: probe, shape: [1, 3, 64, 64] }];
    const { logit } = await engine.run(`${bundle.folder}/${file}`, inputs, ['logit', 'cam']);
    return logit![0]!;
  }

  function open(changes: Partial<Remote> = {}): ReturnType<typeof openEngines> {
    const remote: Remote = {
      ...{ name: 'gpu', url: server.url, pipelines: ['cta-resnet'], headers: {}, timeoutSeconds: 20 },
      ...{ maxMessageMegabytes: 64, maxGoldenDifference: 1e-3, retrySeconds: 60, ifUnavailable: 'wait' },
      ...changes,
    };
    return openEngines({ providers: ['cpu'], threads: 2, remotes: [remote] }, goldenDifference);
  }

  async function codeOf(work: Promise<unknown>): Promise<string> {
    const error: unknown = await work.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    return error instanceof WillisError ? error.code : String(error);
  }

  it('gives what this machine gives, after the golden vectors came out right, and says where it ran', async () => {
    await using engines = open();
    const engine = engines.forSeries();
    expect(await ask(engine)).to.be.closeTo(await ask(local), 1e-5);
    expect(engine.provider).to.equal('remote gpu');
    expect(await engines.look(bundle.folder)).to.deep.include({ remote: 'gpu', fault: null });
  });

  it('half precision is converted here, and judged by the golden vectors as any other', async () => {
    server.behaviour = { datatype: 'FP16' };
    await using engines = open({ maxGoldenDifference: 0.02 });
    expect(await ask(engines.forSeries())).to.be.closeTo(await ask(local), 0.05);
  });

  it('a server with other weights answers no series: it is named, and this machine computes', async () => {
    const file = `${models}/ncct-haemorrhage/slices-a.onnx`;
    for (const behaviour of [{ fileFor: () => file }, { status: 500 }, { status: 404 }]) {
      server.behaviour = behaviour;
      await using engines = open({ ifUnavailable: 'local' });
      const engine = engines.forSeries();
      expect(await ask(engine)).to.be.closeTo(await ask(local), 1e-5);
      expect(engine.provider).to.equal('cpu (remote gpu: not used, REMOTE_REFUSED)');
    }
  });

  it('weights that answer, but otherwise, are refused by the golden vectors', async () => {
    await using engines = openEngines(
      {
        ...{ providers: ['cpu'], threads: 2 },
        remotes: [{ ...remoteDefaults(server.url), pipelines: ['cta-resnet'] }],
      },
      async () => await Promise.resolve(0.02),
    );
    expect(await codeOf(ask(engines.forSeries()))).to.equal('REMOTE_WEIGHTS_DIFFER');
    const state = await engines.look(bundle.folder);
    expect(state!.fault).to.match(/REMOTE_WEIGHTS_DIFFER: .* off by 0\.0200/);
  });

  it('weights changed under a running node are not believed: the version tells, nothing goes through', async () => {
    await using engines = open({ retrySeconds: 0 });
    await ask(engines.forSeries());
    server.behaviour = { version: '2' };
    expect(await codeOf(ask(engines.forSeries()))).to.equal('REMOTE_WEIGHTS_DIFFER');
    const before = server.inferences;
    await ask(engines.forSeries());
    expect(server.inferences - before).to.be.greaterThan(bundleCrops);
  });

  it('helper models, which are no bundles of a pipeline, run here', async () => {
    const { siteModel } = await loadHelperModels(models);
    const { folder, manifest } = siteModel!;
    const { file, crop, leftMm, output } = manifest.network;
    await using engines = open();
    const engine = engines.forSeries();
    const found = await engine.run(
      `${folder}/${file}`,
      [
        { name: crop, data: new Float32Array(64 ** 3), shape: [1, 1, 64, 64, 64] },
        { name: leftMm, data: Float32Array.of(10), shape: [1] },
      ],
      [output],
    );
    expect(found[output]).to.have.length(manifest.classes.length);
    expect(engine.provider).to.equal('cpu');
    expect(await engines.look(folder)).to.equal(null);
  });

  it('bundles without a server of theirs run here', async () => {
    await using engines = open();
    const engine = engines.forSeries();
    const { file, input, evidence } = other.manifest.network;
    const inputs = [{ name: input, data: new Float32Array(512), shape: [1, 1, 8, 8, 8] }];
    await engine.run(`${other.folder}/${file}`, inputs, [evidence]);
    expect(engine.provider).to.equal('cpu');
    expect(server.inferences).to.equal(0);
    expect(await engines.look(other.folder)).to.equal(null);
  });

  it('a server that is silent, away, or wants another token is waited for', async () => {
    const cases: readonly (readonly [string, () => Promise<Partial<Remote>>])[] = [
      [
        'REMOTE_UNREACHABLE',
        async () => {
          server.behaviour = { silent: true };
          return await Promise.resolve({ timeoutSeconds: 0.2 });
        },
      ],
      ['REMOTE_UNREACHABLE', async () => await Promise.resolve({ url: 'http://127.0.0.1:1' })],
      [
        'REMOTE_REFUSED',
        async () => {
          server.behaviour = { token: 'secret' };
          return await Promise.resolve({ bearerToken: 'guess' });
        },
      ],
      ['REMOTE_MESSAGE_TOO_LARGE', async () => await Promise.resolve({ maxMessageMegabytes: 0.001 })],
    ];
    for (const [code, arrange] of cases) {
      await using engines = open(await arrange());
      expect(await codeOf(ask(engines.forSeries()))).to.equal(code);
      server.behaviour = {};
    }
    server.behaviour = { token: 'secret' };
    await using engines = open({ bearerToken: 'secret' });
    expect(await ask(engines.forSeries())).to.be.closeTo(await ask(local), 1e-5);
  });

  it('an answer beyond the allowed size is cut off', async () => {
    server.behaviour = { answer: { body: Buffer.alloc(2_000_000), headerLength: 10 } };
    await using engines = open({ maxMessageMegabytes: 1 });
    expect(await codeOf(ask(engines.forSeries()))).to.equal('REMOTE_MESSAGE_TOO_LARGE');
  });

  it('after a failure the server is left alone for a while', async () => {
    server.behaviour = { status: 503 };
    await using engines = open({ ifUnavailable: 'local' });
    await ask(engines.forSeries());
    server.behaviour = {};
    const engine = engines.forSeries();
    await ask(engine);
    expect(engine.provider).to.match(/^cpu \(remote gpu/);
    expect(server.inferences).to.equal(0);
  });
});

/** Crops in the golden vectors of cta-resnet, less one: so many calls a whole check takes at least. */
const bundleCrops = 3;

function remoteDefaults(url: string): Omit<Remote, 'pipelines'> {
  return {
    ...{ name: 'gpu', url, headers: {}, timeoutSeconds: 20, maxMessageMegabytes: 64 },
    ...{ maxGoldenDifference: 1e-3, retrySeconds: 60, ifUnavailable: 'wait' },
  };
}

describe('messages of the Open Inference Protocol', () => {
  const tensor = fc.float32Array({ minLength: 1, maxLength: 40, noNaN: true, noDefaultInfinity: true });

  it('what is sent is what the protocol says: JSON of the told length, then the tensors back to back', () => {
    fc.assert(
      fc.property(tensor, tensor, (a, b) => {
        const inputs = [
          { name: 'a', data: a, shape: [a.length] },
          { name: 'b', data: b, shape: [1, b.length] },
        ];
        const { body, headerLength } = encodeRequest(inputs, () => 'FP32', ['y']);
        const header = JSON.parse(body.subarray(0, headerLength).toString()) as {
          inputs: { parameters: { binary_data_size: number }; datatype: string }[];
        };
        expect(header.inputs.map(({ parameters }) => parameters.binary_data_size)).to.deep.equal([
          4 * a.length,
          4 * b.length,
        ]);
        const rest = Uint8Array.from(body.subarray(headerLength)).buffer;
        expect([...new Float32Array(rest)]).to.deep.equal([...a, ...b]);
      }),
    );
  });

  it('an answer is read wherever its tensors begin, binary or as JSON', () => {
    fc.assert(
      fc.property(tensor, fc.string(), (values, id) => {
        const plain = { name: 'y', datatype: 'FP32', shape: [values.length] };
        const head = Buffer.from(
          JSON.stringify({
            id,
            outputs: [{ ...plain, parameters: { binary_data_size: 4 * values.length } }],
          }),
        );
        const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
        const read = decodeAnswer(Buffer.concat([head, bytes]), head.length, ['y']);
        expect([...read.outputs['y']!]).to.deep.equal([...values]);
        const json = Buffer.from(JSON.stringify({ outputs: [{ ...plain, data: [[...values]] }] }));
        const listed = decodeAnswer(json, null, ['y']).outputs['y']!;
        listed.forEach((value, index) =>
          expect(value).to.be.closeTo(values[index]!, 1e-6 + Math.abs(value) * 1e-6),
        );
      }),
    );
  });

  it('what JSON has no number for is refused, not read as zero', () => {
    const outputs = [{ name: 'y', datatype: 'FP32', shape: [2], data: [1, NaN] }];
    const read = (): unknown => decodeAnswer(Buffer.from(JSON.stringify({ outputs })), null, ['y']);
    expect(read).to.throw(/values that are no numbers/);
  });

  it('any bytes are read or refused with a code, never taken for numbers of another shape', () => {
    const outputs = fc.array(
      fc.record({
        name: fc.constantFrom('y', 'z'),
        datatype: fc.constantFrom('FP32', 'FP16', 'INT8'),
        shape: fc.array(fc.integer({ min: -2, max: 5 }), { maxLength: 3 }),
        parameters: fc.record({ binary_data_size: fc.integer({ min: -8, max: 64 }) }),
      }),
    );
    const message = fc.oneof(
      fc
        .uint8Array({ maxLength: 80 })
        .map((bytes) => ({ body: Buffer.from(bytes), head: bytes.length >> 1 })),
      fc.tuple(outputs, fc.uint8Array({ maxLength: 80 })).map(([list, rest]) => {
        const head = Buffer.from(JSON.stringify({ outputs: list }));
        return { body: Buffer.concat([head, rest]), head: head.length };
      }),
    );
    fc.assert(
      fc.property(message, ({ body, head }) => {
        try {
          const { outputs: found } = decodeAnswer(body, head, ['y']);
          expect(found['y']).to.be.instanceOf(Float32Array);
        } catch (error) {
          expect((error as WillisError).code).to.equal('REMOTE_ANSWER_INVALID');
        }
      }),
    );
  });
});
