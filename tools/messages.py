"""The texts people read: collect them, merge translations, check that none is missing, compile. Needs no gettext.

python tools/messages.py extract          list the English texts of code and templates
python tools/messages.py update           bring locale/hu/LC_MESSAGES/django.po up to date with them
python tools/messages.py merge FILE...    take translations from other .po files, then update
python tools/messages.py check            fail on a text without a (good) Hungarian translation
python tools/messages.py compile          write the .mo files the program reads
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import plain_texts
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LOCALES = ROOT / "locale"
HUNGARIAN = LOCALES / "hu" / "LC_MESSAGES" / "django.po"

# Function name → which argument is what; `None` is the first one alone (Babel's notation).
_KEYWORDS: dict[str, Any] = {
    "_": None,
    "N_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ugettext": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
_COMMENT_TAGS = ("Translators:",)
_PLACEHOLDER = re.compile(r"%\([a-z_A-Z0-9]+\)[#0\- +]*[\d.]*[a-zA-Z]|%[\d.]*[sdfr]|\{[a-zA-Z_0-9.!:]*\}")
_NUMBER = re.compile(r"^%\((?:count|counter|n|number)\)[a-z]$")


def main(arguments: list[str]) -> int:
    command, files = (arguments[0] if arguments else ""), [Path(name) for name in arguments[1:]]
    if command == "extract" and not files:
        for message in collected():
            if message.id:
                _say(repr(message.id))
        return 0
    if command == "update" and not files:
        return update([])
    if command == "merge" and files:
        return update(files)
    if command == "check" and not files:
        return check()
    if command == "compile" and not files:
        return compile_all()
    sys.stderr.write((__doc__ or "").strip() + "\n")
    return 2


def collected() -> Catalog:
    """Every text of the program, with the files it stands in (no line numbers: they would change with each edit)."""
    catalog = Catalog(project="pult", charset="utf-8")
    for path in sorted(_sources()):
        place = path.relative_to(ROOT).as_posix()
        for text, comments, context in _texts_of(path):
            catalog.add(
                text,
                locations=[(place, 0)],
                auto_comments=comments,
                context=context,
                flags=["python-format"] if _is_format(text) else [],
            )
    return catalog


def update(extra: list[Path]) -> int:
    """Write the Hungarian catalogue anew: texts from the program, translations from what there is and from `extra`."""
    known: dict[tuple[str, str | None], Message] = {}
    for file in [HUNGARIAN, *extra]:
        if file.exists():
            for message in _read(file):
                if message.id and _is_translated(message):
                    known[_key(message)] = message
    fresh = _new_catalog()
    missing = 0
    for message in sorted(collected(), key=_sort_key):
        if not message.id:
            continue
        translation = known.pop(_key(message), None)
        string: Any = translation.string if translation is not None else ""
        forms = [form for form in (string if isinstance(string, tuple | list) else [string]) if form] or [""]
        # A noun after a number stays in the singular, so one form is mostly given for both.
        string = (forms[0], forms[-1]) if isinstance(message.id, tuple) else forms[0]
        missing += 0 if translation is not None else 1
        fresh.add(
            message.id,
            string,
            locations=message.locations,
            flags=[flag for flag in message.flags if flag != "fuzzy"],
            auto_comments=message.auto_comments,
            context=message.context,
        )
    HUNGARIAN.parent.mkdir(parents=True, exist_ok=True)
    HUNGARIAN.write_bytes(_as_po(fresh))
    _say(f"{len(fresh)} texts, {missing} without a translation, {len(known)} translations no longer used")
    return 0


def check() -> int:
    """Say each fault of the translations in one line; 1 if there is any."""
    translated = {_key(message): message for message in _read(HUNGARIAN) if message.id} if HUNGARIAN.exists() else {}
    faults = []
    for message in collected():
        if not message.id:
            continue
        found = translated.get(_key(message))
        if found is None:
            faults.append(f"not in the catalogue (run: make messages): {_first(message)!r}")
        elif found.fuzzy:
            faults.append(f"fuzzy: {_first(message)!r}")
        elif not _is_translated(found):
            faults.append(f"not translated: {_first(message)!r}")
        else:
            faults += _placeholder_faults(found)
    for fault in faults:
        sys.stderr.write(f"hu: {fault}\n")
    if not faults:
        _say(f"hu: all {len(translated)} texts are translated")
    return 1 if faults else 0


def compile_all() -> int:
    """Write a .mo beside each .po, where the .po is newer."""
    for file in sorted(LOCALES.glob("*/LC_MESSAGES/*.po")):
        target = file.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= file.stat().st_mtime:
            continue
        buffer = io.BytesIO()
        write_mo(buffer, _read(file))
        target.write_bytes(buffer.getvalue())
    return 0


def _sources() -> Iterator[Path]:
    for path in (ROOT / "pult").rglob("*"):
        inner = path.relative_to(ROOT).parts
        if "tests" in inner or "migrations" in inner or "static" in inner or not path.is_file():
            continue
        if path.suffix == ".py" or (path.suffix in {".html", ".txt"} and "templates" in inner):
            yield path


def _texts_of(path: Path) -> Iterator[tuple[Any, list[str], str | None]]:
    if path.suffix == ".py":
        with path.open("rb") as source:
            for _, text, comments, context in extract(extract_python, source, _KEYWORDS, _COMMENT_TAGS):
                yield text, comments, context
        for text in plain_texts.texts_of(path):
            yield text, [], None
        return
    # Django's own translation of a template into something a Python extractor understands.
    import django
    from django.conf import settings
    from django.utils.translation.template import templatize

    if not settings.configured:
        settings.configure(USE_I18N=True)
        django.setup()
    # The indents of a page mean nothing to Python, but its tokenizer would stumble over them.
    lines = templatize(path.read_text(encoding="utf-8"), origin=str(path)).splitlines()
    source = io.BytesIO("\n".join(line.lstrip() for line in lines).encode())
    for _, text, comments, context in extract(extract_python, source, _KEYWORDS, _COMMENT_TAGS):
        yield text, comments, context


def _new_catalog() -> Catalog:
    catalog = Catalog(locale="hu", charset="utf-8", project="Pult", fuzzy=False)
    # As Django's own Hungarian has it; Babel knows one form only.
    catalog._num_plurals, catalog._plural_expr = 2, "(n != 1)"
    return catalog


def _read(file: Path) -> Catalog:
    with file.open("rb") as source:
        return read_po(source, charset="utf-8")


def _as_po(catalog: Catalog) -> bytes:
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=110, omit_header=True, include_lineno=False)
    header = (
        "# The Hungarian texts of Pult. `make messages` collects and orders them; translate the empty ones here.\n"
        'msgid ""\nmsgstr ""\n"Language: hu\\n"\n"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
        '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
    )
    return header.encode() + buffer.getvalue()


def _key(message: Message) -> tuple[str, str | None]:
    return _first(message), message.context


def _first(message: Message) -> str:
    return message.id[0] if isinstance(message.id, tuple) else message.id


def _sort_key(message: Message) -> tuple[str, str, str]:
    place = message.locations[0][0] if message.locations else ""
    return place, _first(message), message.context or ""


def _is_translated(message: Message) -> bool:
    string: Any = message.string
    return any(string) if isinstance(string, tuple | list) else bool(string)


def _is_format(text: Any) -> bool:
    return any("%(" in part or "%s" in part for part in (text if isinstance(text, tuple) else (text,)))


def _placeholder_faults(message: Message) -> Iterator[str]:
    """Every form of a translation must have the English placeholders; one of a plural may leave the number out."""
    originals = message.id if isinstance(message.id, tuple) else (message.id,)
    strings: Any = message.string if isinstance(message.string, tuple | list) else (message.string,)
    allowed = {found for original in originals for found in _placeholders(original)}
    needed = set.intersection(*({*_placeholders(original)} for original in originals))
    for string in strings:
        got = {*_placeholders(string)}
        for extra in sorted(got - allowed):
            yield f"unknown placeholder {extra} in the translation of {originals[0]!r}"
        for lost in sorted(needed - got):
            if not (len(originals) > 1 and _NUMBER.match(lost)):
                yield f"placeholder {lost} is missing in the translation of {originals[0]!r}"


def _placeholders(text: str) -> list[str]:
    return _PLACEHOLDER.findall(text.replace("%%", ""))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
