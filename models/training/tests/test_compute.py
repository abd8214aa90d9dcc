"""Training on a CUDA device, as far as a machine without one can show it: every operation on tensors that only know their shape and device.

An operation that mixes the device and the processor fails here as it would there; speed and figures are another matter.
"""

import json

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from willis_training import compute
from willis_training.artery_sites.phantoms import Scene as SiteScene
from willis_training.artery_sites import train as sites
from willis_training.coarse_to_fine import train as fine, vessels
from willis_training.coarse_to_fine.cases import FineCase
from willis_training.coarse_to_fine.se_unet import FineSizes
from willis_training.cta_resnet import train as candidates
from willis_training.haemorrhage import train_sequence, train_slices
from willis_training.head_distance import network as head_network, train as head
from willis_training.network import TinyUNet3D
from willis_training import train as dense
from willis_training.fine_tune import cta_resnet as fine_tune_cta, haemorrhage as tune_haemorrhage, tof_patch as fine_tune
from willis_training.fine_tune.lessons import lessons_of
from willis_training.patch_classifier import train as patches
from willis_training.spent import Spent, Stopwatch

pytestmark = pytest.mark.filterwarnings("ignore:CUDA is not available", "ignore:Accessing the data pointer", "ignore:Detected call of")
TRAINERS = (sites, fine, vessels, candidates, train_sequence, train_slices, head, dense, fine_tune, fine_tune_cta, tune_haemorrhage, patches)


class Shapes(FakeTensorMode):
    """Tensors without values, on any device; a value that is asked for is 1."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten._local_scalar_dense.default:
            return 1.0
        if func is torch.ops.aten.index.Tensor and any(i is not None and i.dtype == torch.bool for i in args[1]):
            assert {i.device for i in args[1] if i is not None} == {args[0].device}, "device"
            return args[0].flatten()
        return super().__torch_dispatch__(func, types, args, kwargs)


def moved(module, *where, **how):
    """`Module.to` for tensors without values, whose storage cannot be swapped."""
    for part in module.modules():
        for name, parameter in part._parameters.items():
            if parameter is not None:
                fitting = {key: value for key, value in how.items() if parameter.dim() > 3 or key != "memory_format"}
                part._parameters[name] = torch.nn.Parameter(parameter.detach().to(*where, **fitting))
        for name, buffer in part._buffers.items():
            part._buffers[name] = None if buffer is None else buffer.to(*where)
    return module


def recurrent(gru, run):
    """What the driver's own recurrent network takes and gives."""
    assert {p.device for p in gru.parameters()} == {run.device}
    return run.new_zeros(*run.shape[:2], 2 * gru.hidden_size), None


@pytest.fixture
def cuda(monkeypatch):
    for module in TRAINERS:
        monkeypatch.setattr(module, "device", lambda: torch.device("cuda"))
    monkeypatch.setattr(torch.nn.Module, "to", moved)
    monkeypatch.setattr(torch.nn.Module, "cpu", lambda module: moved(module, "cpu"))
    # gradients lie where their tensors do; to walk them torch wants a driver
    monkeypatch.setattr(torch.Tensor, "backward", lambda *_: None)
    monkeypatch.setattr(torch.Tensor, "numpy", lambda tensor: np.zeros(tensor.shape))
    monkeypatch.setattr(torch.nn.GRU, "forward", recurrent)
    with Shapes():
        yield


def ends_on_the_processor(network):
    assert {p.device.type for p in network.parameters()} == {"cpu"}


def test_a_tensor_of_the_processor_among_those_of_the_device_is_noticed(cuda):
    network = TinyUNet3D().to("cuda")
    with pytest.raises(RuntimeError, match="device"):
        network(torch.zeros(1, 1, 16, 16, 16))


def ball(side=80, radius=6):
    z, y, x = np.meshgrid(*(np.arange(side) - side // 2,) * 3, indexing="ij")
    return x**2 + y**2 + z**2 < radius**2


def test_the_patch_network_of_tof_patch_trains_there(cuda, tmp_path):
    inside = ball()
    case = dense.Case(np.where(inside, 0.9, 0.3).astype(np.float16), inside.astype(np.uint8), np.full((1, 3), 40.0), np.array([12.0]), np.array([900.0]))
    options = dense.TrainOptions(steps=4, settle_steps=1, broad_steps=1, bent_steps=1, settle_crop=48, batch=1, mine_at=())
    ends_on_the_processor(dense.train([case], [case], options, tmp_path / "patch.pt"))
    ends_on_the_processor(fine_tune.fine_tune(TinyUNet3D(), [case], fine_tune.FineTuneOptions(steps=1, batch=1)))


def test_the_annex_of_system_001_trains_there(cuda, monkeypatch):
    inside = ball(48, 4)
    monkeypatch.setattr(patches.copy, "deepcopy", lambda state: state)
    one, other = (patches.PatchScan(np.where(inside, 0.9, 0.3).astype(np.float32), np.full((1, 3), 24.0), name) for name in "ab")
    network, _ = patches.train_patches([one], [other], patches.PatchConfig(patch=16, epochs=1, batch=4))
    ends_on_the_processor(network)


def test_the_networks_of_system_003_train_there(cuda):
    inside, arteries = ball(64), ball(64, 25)
    case = FineCase(np.where(arteries, 0.9, 0.3).astype(np.float32), arteries, inside.astype(np.uint8), "p", (6.0,))
    ends_on_the_processor(vessels.train_arteries([case], vessels.ArteryOptions(steps=1)))
    ends_on_the_processor(fine.train_coarse([case], fine.CoarseOptions(1, 2, widths=(4,) * 8, joined=8)))
    ends_on_the_processor(fine.train_fine([case], fine.FineOptions(FineSizes(base=4), 1, 32)))


def test_fine_tuning_system_003_goes_on_there(cuda):
    inside, arteries = ball(64), ball(64, 25)
    case = FineCase(np.where(arteries, 0.9, 0.3).astype(np.float32), arteries, inside.astype(np.uint8), "p", (6.0,), arteries_known=False)
    coarse, rng = fine.CoarseOptions(1, 2, widths=(4,) * 8, joined=8, as_used=True), np.random.default_rng(1)
    lessons = lessons_of([case], 1, coarse, 32)
    ends_on_the_processor(fine.fit_coarse(lessons.drawn_by(rng), coarse))
    ends_on_the_processor(fine.fit_fine(lessons.boxes, fine.FineOptions(FineSizes(base=4), 1, 32), rng))


def test_the_candidate_network_of_system_000_trains_there(cuda, tmp_path):
    crops = [candidates.Crop(np.zeros((5, 112, 112), np.int16), np.ones((5, 112, 112), np.uint8), bool(k), "sac", 4.0, k) for k in range(2)]
    ends_on_the_processor(candidates.train_candidates(crops, candidates.CropOptions(1, 2, batch=2), tmp_path / "crops.pt"))
    ends_on_the_processor(fine_tune_cta.fine_tune(fine_tune_cta.CandidateNetwork(), crops, fine_tune_cta.CtaFineTuneOptions(steps=1, batch=2)))


def test_the_networks_of_system_002_train_there(cuda, tmp_path):
    class OneBatch:
        def batch(self, count, pixels):
            return *self.labelled(count, pixels), torch.ones(count, 6, pixels // 16, pixels // 16)

        def labelled(self, count, pixels):
            return torch.zeros(count, 3, pixels, pixels), torch.ones(count, 6)

    ends_on_the_processor(train_slices.train_slices(OneBatch(), train_slices.SliceOptions("windows", 50, 1, 1, 64, 64, 2), tmp_path / "slices.pt"))
    study = train_sequence.Encoded(torch.zeros(2, 5, 2048), torch.zeros(2, 5, 6), torch.ones(5, 6), 5.0)
    ends_on_the_processor(train_sequence.train_sequence([study] * 2, train_sequence.SequenceOptions(epochs=1, batch=2)))
    further, weights = tune_haemorrhage.FineTuneOptions(steps=1, batch=2), train_slices.CLASS_WEIGHTS
    ends_on_the_processor(tune_haemorrhage.tune_slices(train_slices.SliceNetwork("slices"), OneBatch(), weights, further))
    for by_slice, labels in ((True, torch.ones(5, 6)), (False, torch.ones(1, 6))):
        labelled = train_sequence.Encoded(study.features, study.logits, labels, 5.0)
        ends_on_the_processor(tune_haemorrhage.tune_sequence(train_sequence.SequenceModel(), [labelled], by_slice, weights, further))


def test_the_helpers_train_there(cuda, tmp_path, monkeypatch):
    inside = ball(70)
    scene = SiteScene((inside * 255).astype(np.uint8), 34.5, np.full((1, 3), 34.5, np.float32), np.array([4]), np.array([True]))
    for module in (sites, head):
        monkeypatch.setattr(module, "put_down", lambda *_: None)
    ends_on_the_processor(sites.train_sites([scene], sites.SiteOptions(1, batch=2), tmp_path / "sites.pt"))
    empty = np.zeros((32, 32, 32), np.float32)
    monkeypatch.setattr(head, "draw_sample", lambda *_: head.Sample(empty, empty, np.ones(empty.shape, bool)))
    ends_on_the_processor(head.train_head([None], head.HeadOptions(1), tmp_path / "head.pt"))


def test_the_time_goes_on_where_a_run_was_broken_off(tmp_path):
    file = tmp_path / "cache" / "spent.json"
    with pytest.raises(KeyboardInterrupt), Stopwatch(file):
        raise KeyboardInterrupt
    first = Spent(**json.loads(file.read_text()))
    assert 0 <= first.minutes < 1
    file.write_text(json.dumps({"minutes": 7.0, "processor_minutes": 11.0}))
    with Stopwatch(file) as watch:
        sum(range(10**6))
    assert 7 < watch.spent().minutes < 8 and 11 < watch.spent().processor_minutes < 12
    assert json.loads(file.read_text())["minutes"] > 7


def test_this_machine_is_named():
    assert compute.device_name() == "cpu" or torch.cuda.is_available()
