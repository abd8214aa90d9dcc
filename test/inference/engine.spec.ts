import path from 'node:path';
import { expect } from 'chai';
import { InferenceSession } from 'onnxruntime-node';
import { openEngine, type CreateSession } from '../../src/inference/engine.ts';

const models = path.join(import.meta.dirname, '..', '..', 'models');

describe('engine', function () {
  this.timeout(60_000);
  const inputs = [{ name: 'volume', data: new Float32Array(16 ** 3), shape: [1, 1, 16, 16, 16] }];

  it('takes the first provider that works and says why an earlier one did not, once for all networks', async () => {
    await using engine = openEngine({ providers: ['cuda', 'cpu'], threads: 1 });
    const file = path.join(models, 'tof-patch', 'model.onnx');
    const { evidence } = await engine.run(file, inputs, ['evidence']);
    expect(evidence).to.have.length(16 ** 3);
    // the same network under another name is another session
    await engine.run(path.join(models, 'tof-patch', '..', 'tof-patch', '.', 'model.onnx'), inputs, [
      'evidence',
    ]);
    await engine.run(`${models}//tof-patch/model.onnx`, inputs, ['evidence']);
    if (engine.provider !== 'cuda') {
      expect(engine.provider).to.match(/^cpu \(cuda: not available: .+\)$/);
      expect(engine.provider.match(/not available/g)).to.have.length(1);
    }
  });

  it('a card whose memory is full in the midst of a run is left: the next provider does the run, and it is said', async () => {
    const asked: string[] = [];
    const full: CreateSession = async (file, options) => {
      const [provider] = options.executionProviders as readonly string[];
      asked.push(provider!);
      if (provider === 'cpu') return await InferenceSession.create(file, options);
      const run = async (): Promise<never> =>
        await Promise.reject(new Error('Failed to allocate memory for requested buffer of size 512'));
      return { run, release: async () => await Promise.resolve() };
    };
    await using engine = openEngine({ providers: ['cuda', 'cpu'], threads: 1 }, full);
    const file = path.join(models, 'tof-patch', 'model.onnx');
    for (const _ of [1, 2])
      expect((await engine.run(file, inputs, ['evidence']))['evidence']).to.have.length(16 ** 3);
    expect(asked).to.deep.equal(['cuda', 'cpu']);
    expect(engine.provider).to.match(/^cpu \(cuda: left after a run that failed: .*allocate memory/);
  });

  it('fails with what every provider said where none works', async () => {
    await using engine = openEngine({ providers: ['cpu'], threads: 1 });
    const failure = await engine
      .run(path.join(models, 'no-such.onnx'), inputs, ['evidence'])
      .catch((error: unknown) => error);
    expect(failure).to.have.property('code', 'MODEL_NOT_RUNNABLE');
    expect(String(failure)).to.match(/cpu: not available/);
  });
});
