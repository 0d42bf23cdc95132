"""The fields of the form of a new run, as its script draws them."""

import dataclasses
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from stellar_gui.training.options import NEEDS_DOUBLE, options_of
from stellar_gui.views.run_words import method_title
from stellar_gui.views.training_data import title_of
from stellar_gui.views.training_request import METHODS

PREFERRED = {
    "payne": "synthetic",
    "cannon": "observed",
    "cycle-starnet": "observed",
}
"""Which file of a survey suits a method."""

_THREADS = f"of the CPU that the run may use; this machine has {os.cpu_count()}"


def groups(
    request, problems, data, held, models, devices, published=None
) -> list[dict]:
    """All fields of a request under their headings, folded where seldom needed.

    problems: by field; data, models: files to choose from; held: what is known of them;
    published: the module `training.cycle_settings`, None until it is imported.
    """
    forks = request.parent is not None
    options = [o for o in options_of(request.method) if o.name != "preset"]
    usual = usual_values(request.values, published)
    fields = {
        option.name: option_field(
            option,
            request.values[option.name],
            problems.get(option.name, ""),
            models,
            usual=usual.get(option.name),
            off=forks and not option.forkable,
        )
        for option in options
    }
    files = [fields[option.name] for option in options if option.kind is Path]
    plain = [o for o in options if o.kind is not Path]
    chosen = request.general["data"]
    what = [
        method_field(METHODS, request.method, off=forks),
        data_field(data, held, chosen, off=forks),
        *files,
    ]
    how = [
        *(fields[option.name] for option in plain if not option.advanced),
        _general(request, problems, "seed", "of everything random", off=forks),
        device_field(devices, request.general["device"], request.method),
    ]
    found = [{"title": "What", "fields": what}, {"title": "How", "fields": how}]
    further = [fields[option.name] for option in plain if option.advanced]
    further.append(_general(request, problems, "threads", _THREADS, off=False))
    found.append({"title": "More settings", "fields": further, "folded": True})
    words = departures(request.method, request.values, published)
    if words:
        title = "What differs from the paper"
        found.append({"title": title, "fields": [], "folded": True, "words": words})
    return found


def _general(request, problems, name, help_, *, off):
    return {
        "name": name,
        "title": name.capitalize(),
        "kind": "number",
        "value": request.general[name],
        "help": help_,
        "half": True,
        "off": off,
        "problem": problems.get(name, ""),
    }


def method_field(methods: Iterable[str], chosen: str, *, off: bool) -> dict:
    """The list of methods."""
    return {
        "name": "method",
        "title": "Method",
        "kind": "select",
        "value": chosen,
        "options": [{"value": m, "text": method_title(m)} for m in methods],
        "help": "what is trained",
        "off": off,
    }


def data_field(paths: Iterable[Path], held: Mapping, chosen: str, *, off: bool) -> dict:
    """The list of files of spectra, with what they hold where it is known."""
    options = []
    for path in paths:
        what = held.get(path)
        text, reason = title_of(path), ""
        if isinstance(what, Exception):
            reason = "cannot be read"
        elif what is not None:
            text = f"{text} · {what.short}"
        options.append({"value": str(path), "text": text, "reason": reason})
    if chosen and chosen not in {option["value"] for option in options}:
        options.append({"value": chosen, "text": title_of(Path(chosen))})
    what = held.get(Path(chosen or "."))
    note = "" if what is None or isinstance(what, Exception) else what.words
    return {
        "name": "data",
        "title": "Spectra",
        "kind": "select",
        "value": chosen,
        "options": options,
        "help": "what it is trained on",
        "note": note,
        "off": off,
    }


def why_not(device, method: str) -> str:
    """Why a method cannot use a device; empty if it can."""
    if not device.usable:
        return device.reason
    return NEEDS_DOUBLE.get(method, "") if device.name == "mps" else ""


def device_field(devices, chosen: str, method: str) -> dict:
    """The list of devices; one that cannot be used says why."""
    options = [{"value": "auto", "text": "the fastest it can use"}]
    for device in devices or []:
        memory = ""
        if device.memory:
            free = device.free if device.free is not None else device.memory
            memory = f", {free / 2**30:.0f} of {device.memory / 2**30:.0f} GB free"
        text, reason = f"{device.title}{memory}", why_not(device, method)
        options.append({"value": device.name, "text": text, "reason": reason})
    if chosen not in {option["value"] for option in options}:
        options.append({"value": chosen, "text": chosen})
    return {
        "name": "device",
        "title": "Device",
        "kind": "select",
        "value": chosen,
        "options": options,
        "help": "where it is computed" if devices else "looking for devices …",
    }


def option_field(option, value, problem: str, models, *, usual, off: bool) -> dict:
    """One setting of a method; see `training.options.Option`.

    usual: what the method takes where nothing is typed, if that is known.
    """
    field = {
        "name": option.name,
        "title": option.name.replace("_", " ").capitalize(),
        "unit": option.unit or "",
        "value": _written(value),
        "help": option.help,
        "half": option.kind in (int, float) or bool(option.choices),
        "off": off,
        "problem": problem,
    }
    if option.kind is Path:
        options = [{"value": str(path), "text": title_of(path)} for path in models]
        if field["value"] and field["value"] not in {o["value"] for o in options}:
            text = title_of(Path(field["value"]))
            options.append({"value": field["value"], "text": text})
        return field | {"kind": "select", "options": options}
    if option.choices:
        options = [{"value": str(c), "text": str(c)} for c in option.choices]
        if value is None:
            options.insert(0, {"value": "", "text": "its own"})
        return field | {"kind": "select", "options": options}
    kind = "number" if option.kind in (int, float) else "text"
    words = "all" if option.kind is list else "its own"
    return field | {"kind": kind, "placeholder": _written(usual) or words}


def usual_values(values: Mapping, published) -> dict:
    """What the preset of Cycle-StarNet takes for options that are left empty."""
    if not published or "preset" not in values:
        return {}
    settings = published.PRESETS.get(values["preset"] or "demo")
    if settings is None:
        return {}
    return dataclasses.asdict(settings) | {"steps": settings.total_steps}


def _written(value):
    """A value as it stands in a field."""
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    if isinstance(value, float) and (abs(value) < 1e-3 or value >= 1e5):
        digits, _, power = f"{value:e}".partition("e")
        return f"{float(digits):g}e{int(power)}"
    return str(value)


def departures(method: str, values: Mapping, published) -> list[str]:
    """What a preset of Cycle-StarNet does other than the paper, and why."""
    if not published or method != "cycle-starnet" or values.get("preset") == "paper":
        return []
    return [f"{what} {why}" for what, why in published.DEPARTURES.values()]
