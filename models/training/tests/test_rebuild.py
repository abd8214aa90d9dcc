"""`rebuild`: one command for every bundle; a smoke run goes through every step of it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from willis_training import __version__
from willis_training.ablate import TABLES
from willis_training.artery_sites.train import SiteOptions
from willis_training.checkpoints import checkpoint_of
from willis_training.patch_classifier import ANNEX, PatchScan
from willis_training.patch_classifier.ablation import ablate_annex, boxed, short
from willis_training.card_of import manifest_of
from willis_training.rebuild import COMMANDS, SETTINGS, SMOKE
from willis_training.requirements import PHANTOMS_SINCE, REQUIRED, phantoms_again, requirement_section, unreached
from willis_training.staged import staged

MODELS = Path(__file__).parents[2]


def kit(*words, **options):
    return subprocess.run([sys.executable, "-m", "willis_training", *map(str, words)], cwd=MODELS / "training", capture_output=True, text=True, **options)


def test_every_shipped_bundle_has_its_command_and_the_readme_names_it():
    shipped = {file.parent.name for file in MODELS.glob("*/CARD.md")}
    assert set(COMMANDS) >= shipped | set(SMOKE) and set(SETTINGS) <= set(COMMANDS) and set(TABLES) <= set(COMMANDS)
    readme = (MODELS / "training" / "README.md").read_text()
    assert all(f"`rebuild {name} --out ../{name}`" in readme for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_card_and_readme_say_of_which_kit_the_weights_are_and_what_a_rebuild_gives(name):
    trained = json.loads(manifest_of(MODELS / name).read_text())["training"]["kitVersion"]
    assert phantoms_again(name, trained) in (MODELS / name / "CARD.md").read_text()
    assert f"`rebuild {name} --out ../{name}` | kit {trained} |" in (MODELS / "training" / "README.md").read_text()


def test_only_weights_of_the_phantoms_of_this_kit_are_said_to_come_from_the_same_seeds():
    assert set(PHANTOMS_SINCE) == set(COMMANDS)
    assert "a new model" in phantoms_again("tof-patch", "0.1.0") and "bit for bit" not in phantoms_again("tof-patch", "0.1.0")
    assert all("bit for bit" in phantoms_again(*told) for told in (("tof-patch", __version__), ("ncct-haemorrhage", "0.1.0"), ("cta-resnet", "0.10.0")))


@pytest.mark.parametrize("name", COMMANDS)
def test_cards_say_what_was_asked_and_whether_it_is_reached(name):
    manifest, card = json.loads(manifest_of(MODELS / name).read_text()), (MODELS / name / "CARD.md").read_text()
    assert manifest["intendedUse"] in card
    if name in REQUIRED:
        short = unreached(name, manifest["performance"])
        assert requirement_section(name, manifest["performance"], manifest["training"].get("tried", "")) in card
        assert not short or manifest["training"]["tried"] in card, f"{name} falls short and does not say what was tried: {short}"


def test_a_figure_below_its_bound_is_named():
    performance = {"accuracy": 0.84, "named": {"wrongSide": 1}}
    assert len(unreached("artery-sites", performance)) == 2 and not unreached("artery-sites", {"accuracy": 0.86, "named": {"wrongSide": 0}})
    section = requirement_section("artery-sites", performance, "longer training")
    assert "**not reached**" in section and "longer training" in section


def test_a_smoke_run_writes_a_bundle_that_says_what_it_is(tmp_path):
    done = kit("rebuild", "cta-resnet", "--smoke", "--out", tmp_path / "bundle", "--cache", tmp_path / "cache", timeout=500)
    assert done.returncode == 0, done.stderr[-2000:]
    manifest = json.loads((tmp_path / "bundle" / "model.json").read_text())
    assert manifest["intendedUse"].startswith("Smoke run") and manifest["training"]["minutes"] >= 0 and manifest["training"]["cores"] >= 1
    assert {f.name for f in (tmp_path / "bundle").iterdir()} == {"model.json", "model.onnx", "CARD.md", "golden"}
    again = kit("rebuild", "cta-resnet", "--smoke", "--out", tmp_path / "bundle")
    assert again.returncode != 0 and "untrained one in its place" in again.stderr


@pytest.fixture(scope="module")
def scans():
    rng = np.random.default_rng(0)
    made = []
    for k in range(9):
        image = np.clip(0.3 + rng.normal(0, 0.03, (56, 60, 64)), 0.01, 1).astype(np.float32)
        centre = rng.uniform(20, 36, 3)
        z, y, x = np.meshgrid(*(np.arange(n) for n in image.shape), indexing="ij")
        if k % 3:
            image[(x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2 < 12] = 1.0
        image[:, 30, 30] = 0.9
        made.append(PatchScan(image, centre[None] if k % 3 else np.empty((0, 3)), f"p{k}"))
    return made


def test_the_annex_is_run_at_one_budget(scans):
    for number, config in ANNEX.items():
        cut = short(config, scans, 600, 1)
        each = sum(config.positives * len(s.centres) + config.negatives for s in scans)
        assert abs(cut.epochs * each - 600) <= each and (cut.network, cut.loss, cut.patch) == (config.network, config.loss, config.patch), number
    rows = ablate_annex(scans[:3], scans[3:6], scans[6:], 20, models=(1, 12))
    assert [r["model"] for r in rows] == [1, 12] and all(set(r) == set(rows[0]) for r in rows)


def test_the_box_keeps_the_aneurysm_where_it_was(scans):
    box = boxed(scans[1])
    z, y, x = np.round(box.centres[0][::-1]).astype(int)
    assert box.image[z, y, x] == 1.0 and box.image.shape <= (56, 88, 88)


def test_a_failed_writing_leaves_the_bundle_as_it_was(tmp_path):
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "model.json").write_text("earlier")
    with pytest.raises(SystemExit), staged(bundle) as folder:
        (folder / "model.json").write_text("worse")
        raise SystemExit("below a gate")
    assert (bundle / "model.json").read_text() == "earlier"
    with staged(bundle) as folder:
        assert (folder / "model.json").read_text() == "earlier"
        (folder / "model.json").write_text("better")
    assert (bundle / "model.json").read_text() == "better" and [p.name for p in tmp_path.iterdir()] == ["bundle"]
    with staged(tmp_path / "new" / "bundle") as folder:
        (folder / "model.json").write_text("first")
    assert (tmp_path / "new" / "bundle" / "model.json").exists()


def test_a_checkpoint_belongs_to_its_settings(tmp_path):
    one = checkpoint_of(tmp_path, "net", SiteOptions(10, seed=1, threads=1), 40)
    assert one == checkpoint_of(tmp_path, "net", SiteOptions(10, seed=1, threads=2), 40)
    others = {checkpoint_of(tmp_path, "net", SiteOptions(10, seed=2), 40), checkpoint_of(tmp_path, "net", SiteOptions(11, seed=1), 40),
              checkpoint_of(tmp_path, "net", SiteOptions(10, seed=1), 41)}
    assert len(others) == 3 and one not in others
