"""Opening files: by path, by upload in parts, or one of the examples that ship."""

import base64
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from stellar_gui.library import example_files
from stellar_gui.session import Session
from stellar_gui.views.components import Dialogs
from stellar_gui.views.work import in_background

MAX_UPLOAD = 2_000_000_000  # bytes of one file
_LISTED = 3  # notes that one notification lists


class Files:
    """Takes the commands of the open dialog; ``opened(ids)`` hears of new stars."""

    def __init__(
        self,
        session: Session,
        dialogs: Dialogs,
        notify: Callable[[str, str], None],
        opened: Callable[[list[str]], None],
    ):
        self._session, self._dialogs = session, dialogs
        self._notify, self._opened = notify, opened
        self._folder: tempfile.TemporaryDirectory | None = None
        self._examples = {path.name: path for _, path in example_files()}

    @property
    def examples(self) -> list[tuple[str, str]]:
        """Titles and names of the example files."""
        return [(Path(name).stem, name) for name in self._examples]

    def open_path(self, path: str) -> None:
        """Open a file of the server's disk; a fault becomes a notification."""
        if not str(path).strip():
            self._notify("warning", "no path given; type the path of a file")
            return
        self._open(Path(str(path).strip()).expanduser())

    def open_example(self, name: str) -> None:
        """Open one of the spectra that ship, by its file name."""
        if name in self._examples:
            self._open(self._examples[name])

    def upload(self, part: dict) -> None:
        """Take the next part of an uploaded file, and open it after the last."""
        path = self._uploads() / Path(part["name"]).name
        try:
            with open(path, "wb" if part["first"] else "ab") as file:
                file.write(base64.b64decode(part["data"], validate=True))
        except (OSError, ValueError) as error:
            self._dialogs.acknowledge(False)
            path.unlink(missing_ok=True)
            self._notify("error", f"{path.name} was not uploaded: {error}")
            return
        if path.stat().st_size > MAX_UPLOAD:
            path.unlink()
            self._dialogs.acknowledge(False)
            self._notify(
                "error",
                f"{path.name} is larger than {MAX_UPLOAD // 10**9} GB; "
                "put it on the server's disk and open it by its path",
            )
            return
        self._dialogs.acknowledge(True)
        if part["last"]:
            self._open(path)

    def _uploads(self):
        """The folder of this session's uploads, made when there is a first one."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="stellar_gui_")
        return Path(self._folder.name)

    def _open(self, path):
        in_background(
            lambda: self._session.read(path), partial(self._finish, path.name)
        )

    def _finish(self, name, result):
        if isinstance(result, Exception):
            self._notify("error", f"{name} was not opened: {_sentence(result)}")
            return
        ids, notes = self._session.add(result)
        self._dialogs.hide("open")
        self._notify("success", f"opened {name}" + _listed(notes))
        for sentence in result.warnings[:_LISTED]:
            self._notify("warning", f"{name}: {sentence}")
        self._opened(ids)

    def close(self) -> None:
        """Remove what was uploaded."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="stellar_gui_")
        self._folder.cleanup()  # uploads that come later find no folder


def _sentence(error):
    return error.args[0] if isinstance(error, KeyError) and error.args else error


def _listed(notes):
    return "".join(f"; {note}" for note in notes[:_LISTED])
