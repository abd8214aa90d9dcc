import path from 'node:path';
import { expect } from 'chai';
import { openEngine } from '../../src/inference/index.ts';

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

  it('fails with what every provider said where none works', async () => {
    await using engine = openEngine({ providers: ['cpu'], threads: 1 });
    const failure = await engine
      .run(path.join(models, 'no-such.onnx'), inputs, ['evidence'])
      .catch((error: unknown) => error);
    expect(failure).to.have.property('code', 'MODEL_NOT_RUNNABLE');
    expect(String(failure)).to.match(/cpu: not available/);
  });
});
