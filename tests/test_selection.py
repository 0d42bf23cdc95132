"""What a user looks at: in the address and back, validated, undone."""

import pytest

from stellar_gui.lasso import Lasso
from stellar_gui.masked import MaskedWindow
from stellar_gui.selection import Selection

STARS = {"sun": 0, "star 1": 1, "2M19485057+5005279": 2}
MODELS = ("Cannon", "Payne")


@pytest.fixture
def selection():
    return Selection(STARS, MODELS)


def test_an_address_brings_the_same_view_back(selection):
    chosen = {
        "star": "2M19485057+5005279",
        "window": (6430.25, 6458.5),
        "models": ("Payne",),
        "pixel": 6449.2,
        "elements": ("Mg", "Al"),
        "derivatives": "Payne:difference",
        "given": (("teff", 5777.0), ("fe_h", -0.25)),
        "masked": (MaskedWindow("Ca", 6438.68, 6439.46), MaskedWindow("", 5000, 5010)),
        "counted": "outside",
        "run": "payne 12",
        "group_b": ("sun", "star 1"),
        "lasso_a": Lasso("m1.raw", [(0, 0), (-1.25, 3), (4, 40)]),
    }
    assert selection.choose(**chosen) == []
    other = Selection(STARS, MODELS)
    assert other.from_query(selection.to_query()) == []
    assert {name: getattr(other, name) for name in chosen} == chosen


def test_the_default_view_needs_no_query(selection):
    assert selection.to_query() == ""


def test_hiding_all_models_survives_the_address(selection):
    selection.choose(models=())
    other = Selection(STARS, MODELS)
    other.from_query(selection.to_query())
    assert other.models == ()


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?page=cooking", "page is 'cooking', expected one of star"),
        ("?star=nobody", "star 'nobody' is not in this survey"),
        ("?window=blue", "expected low-high in Å such as 6430-6458"),
        ("?window=5000-4000", "expected low-high"),
        ("?window=nan-5000", "expected low-high"),
        ("?window=1-2-3", "expected low-high"),
        ("?models=Cannon,Nobody", "model 'Nobody' is not loaded"),
        ("?pixel=-3", "expected a wavelength in Å above 0"),
        ("?pixel=inf", "expected a wavelength"),
        ("?derivatives=Nobody:synthetic", "expected a loaded model and one of"),
        ("?derivatives=Payne:loud", "expected a loaded model and one of"),
        ("?given=5777", "expected labels and their values such as teff:5777"),
        ("?given=teff:hot", "expected labels and their values"),
        ("?given=logg:nan", "expected labels and their values"),
        ("?given=teff:-5", "expected Teff from 1000 to 100000 K"),
        ("?masked=Ca", "expected low-high in Å such as 6438.68-6439.46"),
        ("?masked=6439.46-6438.68", "expected low-high"),
        ("?masked=Calcium:6438-6439", "expected low-high"),
        ("?masked=1..2-3", "expected low-high"),
        ("?counted=some", "expected one of all, window, outside"),
    ],
)
def test_a_bad_value_is_said_and_ignored(selection, query, sentence):
    before = selection.param.values()
    refused = selection.from_query(query)
    assert len(refused) == 1
    assert sentence in refused[0]
    assert refused[0].endswith("it is ignored")
    assert selection.param.values() == before


def test_good_values_beside_a_bad_one_are_taken(selection):
    assert len(selection.from_query("?star=sun&pixel=red")) == 1
    assert selection.star == "sun"


def test_keys_of_others_pass_without_a_word(selection):
    assert selection.from_query("?theme=dark&star=sun") == []


def test_undo_takes_back_one_change_at_a_time(selection):
    selection.choose(star="sun")
    selection.choose(star="star 1", window=(5000.0, 5010.0))
    assert selection.undo()
    assert (selection.star, selection.window) == ("sun", None)
    assert selection.undo()
    assert selection.star == ""
    assert not selection.undo()


def test_a_drag_of_the_window_is_one_change(selection):
    for k in range(30):
        selection.choose(window=(5000.0 + k, 5010.0 + k))
    selection.undo()
    assert selection.window is None


def test_a_drag_of_a_given_label_is_one_change(selection):
    selection.choose(given={"teff": 5000.0}, masked=())
    selection.choose(pixel=5000.0)
    for k in range(30):
        selection.choose(given={"teff": 5000.0 + k})
    selection.undo()
    assert selection.given == (("teff", 5000.0),)


def test_given_labels_and_masked_windows_are_short_in_the_address(selection):
    selection.choose(
        given={"teff": 5777.123456, "mg_h": -0.0004},
        masked=[MaskedWindow("Mg", 5183.42, 5183.82)],
    )
    query = "?given=teff:5777.1,mg_h:0&masked=Mg:5183.42-5183.82"
    assert selection.to_query() == query


def test_no_more_windows_are_masked_than_an_address_carries(selection):
    windows = [MaskedWindow("Fe", 5000 + k, 5001 + k) for k in range(41)]
    (sentence,) = selection.choose(masked=windows)
    assert "masked has 41 windows, expected at most 40" in sentence
    assert selection.masked == ()


def test_undo_is_no_change_to_undo(selection):
    selection.choose(star="sun")
    selection.choose(star="star 1")
    selection.undo()
    selection.undo()
    assert selection.star == ""


def test_models_toggle_in_their_own_order(selection):
    selection.toggle_model("Cannon")
    assert selection.models == ("Payne",)
    selection.toggle_model("Cannon")
    assert selection.models == MODELS


def test_a_new_model_is_shown(selection):
    selection.add_model_name("Cannon 2")
    assert selection.models == (*MODELS, "Cannon 2")


def test_a_parameter_that_does_not_exist_is_refused(selection):
    assert "no part of a selection" in selection.choose(colour="red")[0]


def test_where_a_user_comes_in_is_not_undone(selection):
    selection.choose(star="sun")
    selection.start_here()
    assert not selection.undo()
    assert selection.star == "sun"


def test_undo_takes_back_what_was_done_on_this_page(selection):
    selection.choose(star="sun")
    selection.choose(page="training")
    selection.choose(run="payne-001")
    selection.choose(page="star")
    assert selection.undo()
    assert (selection.page, selection.star, selection.run) == ("star", "", "payne-001")
    assert not selection.undo()


def test_a_run_is_named_by_its_folder_alone(selection):
    assert selection.choose(run="payne-002, payne-001") == []
    assert selection.runs == ("payne-002", "payne-001")
    assert "expected the name of a training run" in selection.choose(run="../x")[0]
    assert selection.runs == ("payne-002", "payne-001")


def test_a_drawn_group_stays_while_its_lasso_does(selection):
    triangle = Lasso("m1", [(0, 0), (1, 0), (1, 1)])
    selection.choose(lasso_a=triangle, group_a=("sun",))
    selection.from_query(selection.to_query() + "&star=sun")
    assert selection.group_a == ("sun",)
    selection.from_query("?lasso_a=m1:0,0;1,0;2,2")
    assert selection.group_a == ()


def test_what_is_no_lasso_is_said_and_ignored(selection):
    (sentence,) = selection.from_query("?lasso_a=m1:0,0")
    assert "expected map:x,y" in sentence
    assert selection.lasso_a is None


def test_models_that_are_not_there_by_themselves_stand_in_the_address():
    """Such as that of a training run, so that a reload brings it back."""
    selection = Selection({"a"}, ("Cannon", "Payne"))
    selection.add_model_name("Payne 2")
    assert selection.to_query() == ""
    selection.add_model_name("payne-001", usual=False)
    assert selection.to_query() == "?models=Cannon,Payne,Payne 2,payne-001".replace(
        " ", "%20"
    )
    again = Selection({"a"}, ("Cannon", "payne-001"), ("Cannon",))
    assert again.models == ("Cannon",)
    assert again.from_query("?models=Cannon,payne-001") == []
    assert again.models == ("Cannon", "payne-001")
    again.from_query("")
    assert again.models == ("Cannon",)
