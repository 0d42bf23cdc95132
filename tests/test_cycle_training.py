"""Training of Cycle-StarNet: it learns the gap, resumes to the last bit, refuses."""

import dataclasses
import io

import numpy as np
import pytest
import torch

from stellar_gui.models.broadened import Broadened
from stellar_gui.training.cycle_settings import DEPARTURES, PRESETS
from stellar_gui.training.cycle_starnet import CycleStarNetTrainer
from tests.cycle_mock import observed, trained_emulator

SMALL = (("n_features", 48), ("n_inner", 32), ("n_shared", 8), ("critic_flux", (32,)))
STEPS = 800


@pytest.fixture(scope="module")
def emulator():
    return trained_emulator()


def new_trainer(emulator, steps=STEPS, seed=0, **changes):
    changes = {"network": SMALL, "autocast": False, **changes}
    settings = dataclasses.replace(PRESETS["demo"].lasting(steps), **changes)
    spectra, _, _ = observed(300, 2)
    return CycleStarNetTrainer(
        emulator, spectra[:250], spectra[250:], settings=settings, seed=seed
    )


@pytest.fixture(scope="module")
def trained(emulator):
    trainer = new_trainer(emulator, learning_rate=1e-3)
    losses = [trainer.step() for _ in range(STEPS)]
    return trainer, losses


def test_training_closes_the_gap_that_missing_lines_leave(trained, emulator):
    model = trained[0].model()
    spectra, labels, truth = observed(200, 9)
    labels, truth = torch.tensor(labels), torch.tensor(truth)
    with torch.no_grad():
        error = lambda flux: float(((flux - truth) ** 2).mean())  # noqa: E731
        before = error(emulator(labels))
        own = error(model(labels, model.own_nuisance(spectra)))
        mean = error(model(labels))
        shift = truth.mean(0) - emulator(labels).mean(0)
        shifted = error(emulator(labels) + shift)
    assert own < 0.2 * before
    assert mean < 0.25 * before
    assert own < 0.7 * shifted


def test_losses_fall_and_critics_cannot_tell(trained):
    trainer, losses = trained
    first = trainer.settings.pretraining_steps
    assert set(losses[0]) == {"rec_synth", "learning_rate"}
    assert losses[first - 1]["rec_synth"] < 0.2 * losses[0]["rec_synth"]
    scores = trainer.validate()
    assert "score" not in scores
    assert set(scores) - {"mixing_shared"} < set(losses[-1])
    assert 0.3 < scores["mixing_shared"] < 0.6
    assert scores["rec_obs"] < 3.0  # of one, where noise is all that is left
    assert scores["cyc_synth"] < 5.0
    assert 0.3 < scores["critic_accuracy_obs"] < 0.9


def test_the_model_says_what_it_assumed(trained, emulator):
    trainer, _ = trained
    model = trainer.model()
    assert model.kind == "cycle_starnet"
    assert model.link == "difference"
    assert torch.equal(model.training_labels, emulator.training_labels)
    z = model.own_nuisance(observed(300, 2)[0][:250])
    torch.testing.assert_close(model.nuisance.mean, z.mean(0))
    torch.testing.assert_close(model.nuisance.sigma, z.std(0))
    assert model.provenance["settings"]["jacobian"] == 5.0
    assert model.provenance["steps"] == STEPS
    before = trainer.networks.encoder_obs[0].weight.clone()
    assert not torch.equal(before, trainer.networks.encoder_synth[0].weight)


def test_pretraining_ends_in_the_same_networks_for_both_domains(emulator):
    trainer = new_trainer(emulator, steps=7)
    for _ in range(trainer.settings.pretraining_steps):
        assert trainer.pretraining
        trainer.step()
    assert not trainer.pretraining
    networks = trainer.networks
    synth, obs = networks.encoder_synth[0].weight, networks.encoder_obs[0].weight
    assert torch.equal(synth, obs)
    n_shared = networks.decoder_synth.weight.shape[1]
    shared = networks.decoder_obs.weight[:, :n_shared]
    assert torch.equal(networks.decoder_synth.weight, shared)


@pytest.mark.parametrize("stop", [2, 6])
def test_resumed_training_equals_unbroken_training(emulator, stop):
    """Stopped in pretraining, and after it."""
    steps = 10
    unbroken = new_trainer(emulator, steps)
    expected = [unbroken.step() for _ in range(steps)]
    first = new_trainer(emulator, steps)
    losses = [first.step() for _ in range(stop)]
    stored = io.BytesIO()
    torch.save(first.state_dict(), stored)
    stored.seek(0)
    second = new_trainer(emulator, steps, seed=99)
    second.validate()
    second.load_state_dict(torch.load(stored, weights_only=True))
    losses += [second.step() for _ in range(steps - stop)]
    assert losses == expected
    assert second.pretraining == unbroken.pretraining
    for ours, theirs in (
        (unbroken.networks, second.networks),
        (unbroken.critics, second.critics),
    ):
        for name, tensor in ours.state_dict().items():
            assert torch.equal(tensor, theirs.state_dict()[name]), name


def test_a_longer_schedule_does_not_pretrain_again(emulator):
    """A fork of a run may have more steps, and its phases are longer."""
    short, long = (new_trainer(emulator, steps) for steps in (7, 70))
    for _ in range(4):
        short.step()
    long.load_state_dict(short.state_dict())
    assert not long.pretraining
    shorter = new_trainer(emulator, steps=2)
    early = new_trainer(emulator, steps=7)
    early.step()
    shorter.load_state_dict(early.state_dict())
    assert not shorter.pretraining
    weights = shorter.networks.encoder_synth[0].weight
    assert torch.equal(weights, shorter.networks.encoder_obs[0].weight)


def test_a_changed_learning_rate_scales_what_is_left(emulator):
    trainer, twin = (new_trainer(emulator, steps=70) for _ in range(2))
    for _ in range(10):
        trainer.step()
    trainer.set_learning_rate(1e-5)
    assert trainer.step()["learning_rate"] == pytest.approx(1e-5)
    later = trainer.settings.learning_rate_at(11) / trainer.settings.learning_rate_at(
        10
    )
    twin.load_state_dict(trainer.state_dict())
    assert twin.step()["learning_rate"] == pytest.approx(1e-5 * later)


def test_a_state_is_not_changed_by_further_steps(emulator):
    trainer = new_trainer(emulator, steps=7)
    trainer.step()
    state = trainer.state_dict()
    before = state["networks"]["encoder_synth.0.weight"].clone()
    moments = state["generator_optimizer"]["state"][0]["exp_avg"].clone()
    trainer.step()
    assert torch.equal(state["networks"]["encoder_synth.0.weight"], before)
    assert torch.equal(state["generator_optimizer"]["state"][0]["exp_avg"], moments)


def test_validating_changes_nothing(emulator):
    looked, left = (new_trainer(emulator, steps=8) for _ in range(2))
    for _ in range(8):
        first = looked.validate()
        assert looked.validate() == first
        assert looked.step() == left.step()


def test_the_seed_decides_everything(emulator):
    runs = [
        [trainer.step()["rec_synth"] for _ in range(4)]
        for trainer in (new_trainer(emulator, 4, seed) for seed in (3, 3, 4))
    ]
    assert runs[0] == runs[1] != runs[2]


def test_a_checkpoint_of_other_networks_is_refused(emulator):
    trainer = new_trainer(emulator, steps=7)
    other = new_trainer(emulator, steps=7, network=(("n_features", 40),))
    with pytest.raises(ValueError, match=r"networks does not fit these settings"):
        other.load_state_dict(trainer.state_dict())


def test_bad_pixels_teach_nothing(emulator):
    spectra, _, _ = observed(60, 5)
    poisoned = spectra.replace(flux=np.where(spectra.good, spectra.flux, 1e6))
    settings = dataclasses.replace(
        PRESETS["demo"].lasting(8), network=SMALL, autocast=False
    )
    losses = []
    for chosen in (spectra, poisoned):
        trainer = CycleStarNetTrainer(
            emulator, chosen[:50], chosen[50:], settings=settings
        )
        losses.append([trainer.step() for _ in range(8)] + [trainer.validate()])
    assert losses[0] == losses[1]


def test_synthetic_stars_follow_the_labels_given(emulator):
    spectra, _, _ = observed(60, 5)
    labels = torch.tensor([[5000.0, 0.0, 0.1], [5600.0, -0.4, -0.3]])
    trainer = CycleStarNetTrainer(emulator, spectra, spectra, labels=labels)
    expected = emulator(labels)
    for flux in trainer._batch().flux_synth:
        assert float((expected - flux).abs().amax(1).min()) < 1e-6
    assert torch.equal(trainer.model().training_labels, labels.double())
    broken = torch.cat([labels[:1], labels[1:] * torch.nan])
    with pytest.raises(ValueError, match=r"1 of 2 rows of the assumed labels are not"):
        CycleStarNetTrainer(emulator, spectra, spectra, labels=broken)


def test_an_emulator_with_a_broadening_rests_at_its_mean(emulator):
    spectra, _, _ = observed(60, 5)
    wide = Broadened(emulator).at(12.0)
    settings = dataclasses.replace(PRESETS["demo"].lasting(4), network=SMALL)
    trainer = CycleStarNetTrainer(wide, spectra, spectra, settings=settings)
    labels = emulator.training_labels[:1]
    assert torch.equal(trainer.source.spectra(torch.tensor([0])), wide(labels).float())
    assert not torch.equal(wide(labels), emulator(labels))
    for _ in range(4):
        trainer.step()
    assert trainer.model().emulator.kind == "broadened"


def test_domains_that_do_not_match_are_refused_with_the_remedy(emulator):
    good, _, _ = observed(20, 5)
    bad = {
        r"preprocess\.to_medium": good.replace(medium="vacuum"),
        r"preprocess\.normalise": good.replace(normalised=False),
        r"preprocess\.resample": good.replace(wavelength=good.wavelength * 1.000001),
        r"preprocess\.match": good.pixels(slice(0, 100)),
        r"resolution 50000.*preprocess\.degrade": good.replace(resolution=50000.0),
        r"train an emulator": good.replace(resolution=10000.0),
        r"median flux is": good.replace(flux=good.flux * 1000),
    }
    for match, spectra in bad.items():
        for pair in ((spectra, good), (good, spectra)):
            with pytest.raises(ValueError, match=match):
                CycleStarNetTrainer(emulator, *pair)


def test_every_departure_from_the_paper_is_told_and_no_other():
    demo, paper = (dataclasses.asdict(PRESETS[name]) for name in ("demo", "paper"))
    assert {name for name in demo if demo[name] != paper[name]} == set(DEPARTURES)
    for what, why in DEPARTURES.values():
        assert what.endswith(".")
        assert len(why) > 20


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match=r"link is 'plain', expected difference or"):
        dataclasses.replace(PRESETS["demo"], link="plain")
    with pytest.raises(ValueError, match=r"batch_size is 0, expected 1 or more"):
        dataclasses.replace(PRESETS["demo"], batch_size=0)
    with pytest.raises(ValueError, match=r"steps is 0, expected 1 or more"):
        PRESETS["demo"].lasting(0)


def test_the_paper_lowers_its_rate_at_its_milestones():
    paper = PRESETS["paper"]
    rates = [paper.learning_rate_at(k) for k in (0, 49_999, 50_000, 499_999)]
    np.testing.assert_allclose(rates, [1e-4, 1e-4, 7e-5, 1e-4 * 0.7**4])
    assert paper.lasting(500).milestones == (50, 100, 150, 200)
