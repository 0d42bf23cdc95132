"""The form of a new run or a fork: what is typed, checked, told and kept."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from stellar_gui.training import cycle_settings
from stellar_gui.training.size import DataSize
from stellar_gui.views.training_fields import device_field, groups
from stellar_gui.views.training_form import FormView
from stellar_gui.views.training_request import Request


@pytest.fixture
def request_of_payne():
    asked = Request([])
    asked.choose_method("payne")
    return asked


def test_what_was_typed_is_checked_in_its_field(request_of_payne):
    request_of_payne.set("steps", "many")
    request_of_payne.set("threads", "0")
    problems = request_of_payne.checked()[1]
    assert problems["steps"] == "'many' is not a whole number"
    assert problems["threads"] == "threads must be 1 or more"


def test_numbers_may_be_typed_as_they_are_written(request_of_payne):
    request_of_payne.set("steps", "100\u2009000")
    request_of_payne.set("learning_rate", "1e-4")
    options, problems = request_of_payne.checked()
    assert not problems
    assert (options["steps"], options["learning_rate"]) == (100_000, 1e-4)


def test_a_preset_fills_the_form_and_a_change_leaves_it(request_of_payne):
    request_of_payne.choose_preset("Quick look")
    assert request_of_payne.values["steps"] == 4000
    request_of_payne.set("steps", "5000")
    assert request_of_payne.preset == ""


def test_a_fork_changes_only_what_a_fork_may(request_of_payne):
    config = {"data": "a.h5", "options": {"steps": 100, "hidden": 24}}
    request_of_payne.fork("payne-001", 50, "payne", config)
    request_of_payne.set("steps", "200")
    request_of_payne.set("hidden", "300")
    options, _ = request_of_payne.checked()
    changes = request_of_payne.changes(options)
    assert changes["steps"] == 200
    assert "hidden" not in changes


def test_every_field_has_a_title_and_says_what_it_means(request_of_payne):
    for method in ("payne", "cannon", "cycle-starnet"):
        request_of_payne.choose_method(method)
        fields = [
            field
            for group in groups(request_of_payne, {}, [], {}, [], [])
            for field in group["fields"]
        ]
        assert all(field["title"] and field["help"] for field in fields)


def test_a_device_that_a_method_cannot_use_says_why(request_of_payne):
    mps = SimpleNamespace(name="mps", title="Apple GPU", memory=None, free=None)
    vars(mps).update(usable=True, reason="")
    fields = {
        method: device_field([mps], "auto", method)["options"][1]
        for method in ("cannon", "payne", "cycle-starnet")
    }
    assert "64-bit numbers, which it does not have" in fields["cannon"]["reason"]
    assert not fields["payne"]["reason"]
    assert not fields["cycle-starnet"]["reason"]
    form = FormView([], lambda name: None, lambda *said: None)
    form._devices = [mps]
    form.request.choose_method("cannon")
    form.request.set("device", "mps")
    assert form._device_reason().startswith("Apple GPU cannot be used: the Cannon")


@pytest.fixture
def form():
    return FormView([], lambda name: None, lambda *said: None)


def test_the_form_says_how_many_messages_it_has_heard(form):
    """By which the script knows which of its words the server has answered."""
    form._hear("set", ["method", "payne"])
    form._hear("set", ["steps", "500"])
    assert form.form.state["heard"] == 2
    form._hear("preset", "Demo")  # of the method before: pressed while it was changed
    assert form.form.state["heard"] == 3
    assert form.request.values["steps"] == "500"


def test_memory_is_told_of_the_device_that_is_meant(form, tmp_path):
    gpu = SimpleNamespace(name="cuda:0", title="GPU", memory=97 * 2**30, free=2**30)
    vars(gpu).update(usable=True, reason="")
    cpu = SimpleNamespace(**(vars(gpu) | {"name": "cpu", "memory": 7 * 2**30}))
    form._devices = [gpu, cpu]
    form.request.choose_method("payne")
    form.request.general["data"] = str(tmp_path)
    form._held[tmp_path] = SimpleNamespace(
        size=DataSize(100, 10, 50, 3), labelled=True, short="", words=""
    )

    def memory(device):
        form.request.set("device", device)
        form.update()
        facts = {name: text for name, text, *_ in form.form.state["facts"]}
        return facts["memory"]

    assert memory("auto").endswith(" of 97 GB")
    assert memory("cuda:0").endswith(" of 97 GB")
    assert not memory("cpu").endswith(" of 97 GB")


def test_data_that_are_read_later_leave_a_fork_its_own(form):
    config = {"data": "a.h5", "options": {"steps": 100}}
    form.request.fork("payne-001", 50, "payne", config)
    form._came(Path("b.h5"), OSError("gone"))
    assert form.request.general["data"] == "a.h5"


def test_another_fork_asked_for_meanwhile_stays_asked_for(form):
    config = {"data": "a.h5", "options": {"steps": 100}}
    form.request.fork("payne-001", 50, "payne", config)
    first = form.request.parent
    form.request.fork("payne-001", 60, "payne", config)
    form._launched(first, SimpleNamespace(name="payne-002"))
    assert form.request.parent.step == 60
    form._launched(form.request.parent, SimpleNamespace(name="payne-003"))
    assert form.request.parent is None


def test_the_presets_departures_from_the_paper_are_said():
    asked = Request([])
    asked.choose_method("cycle-starnet")
    shown = groups(asked, {}, [], {}, [], [], cycle_settings)
    words = {group["title"]: group.get("words") for group in shown}
    assert len(words["What differs from the paper"]) > 10
    asked.choose_preset("As published")
    shown = groups(asked, {}, [], {}, [], [], cycle_settings)
    titles = [group["title"] for group in shown]
    assert "What differs from the paper" not in titles


def test_the_page_is_drawn_without_waiting_for_torch():
    """In a fresh interpreter; torch takes seconds that a server's thread must not."""
    code = (
        "import sys\n"
        "import stellar_gui.views.training\n"
        "from stellar_gui.training import control, diagnosis, launch, options, runs\n"
        "from stellar_gui.views.training_fields import groups\n"
        "from stellar_gui.views.training_request import Request\n"
        "groups(Request([]), {}, [], {}, [], [])\n"
        "runs.list_runs('.')\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
