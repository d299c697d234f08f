"""Makes a site of the pages with `make docs`: Sphinx reads the Markdown as it stands, and the API from docstrings.

The source folder is the repository, so that a page's links are those that it has there. The first page is README.md;
the order of all others, and the headings above them, are those of the tables in docs/README.md.
"""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes

ROOT = Path(__file__).parent.parent
OTHERS = ("examples/README.md", "firmware_gen/c/README.md", "CONTRIBUTING.md", "CHANGELOG.md")
ARRAY = re.compile(r"~?numpy\.ndarray\[tuple\[~?typing\.Any, \.\.\.\], ~?numpy\.dtype\[~?numpy\.(\w+)\]\]")
_settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

project, release = _settings["name"], _settings["version"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "README"
source_suffix = {".md": "markdown"}
include_patterns = ["*.md", "docs/**", "examples/README.md", "firmware_gen/c/README.md"]
exclude_patterns = [".[a-z]*", "build", "runs", "site", "tests", "docs/figures"]

myst_heading_anchors = 6  # as GitHub makes them
highlight_language = "none"  # of blocks that name no language: commands
default_role = "code"  # docstrings have single backquotes

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_maximum_signature_line_length = 88

html_theme = "furo"
html_title = f"{project} {release}"
html_copy_source = html_show_sourcelink = False
html_show_sphinx = html_show_copyright = False
html_theme_options = {"navigation_with_keys": True}


def add_contents(_app: Any, name: str, text: list[str]) -> None:
    """Gives the first page the table of contents that the site shows at its side."""
    if name != root_doc:
        return
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    for part in re.split(r"^\*\*(?=[A-Z])", index, flags=re.M)[1:]:
        pages = re.findall(r"^\| \[\S+\]\((\S+)\) \|", part, re.M)
        text[0] += _contents(part.partition("**")[0], [f"docs/{page}" for page in pages])
    text[0] += _contents("Project", ["docs/README.md", *OTHERS])


def _contents(caption: str, pages: list[str]) -> str:
    lines = ["", "```{toctree}", ":hidden:", f":caption: {caption}", *pages, "```", ""]
    return "\n".join(lines)


def link_to_folders(app: Any, doctree: Any) -> None:
    """A link to a folder leads to its page; of one without a page the words stay, as the site has no such files."""
    name = app.env.docname
    for node in list(doctree.findall(addnodes.pending_xref)):
        path = (ROOT / name).parent / node["reftarget"]
        if node["reftype"] != "myst" or not path.is_dir():
            continue
        page = (path / "README").resolve().relative_to(ROOT).as_posix()
        if page in app.env.found_docs:
            uri = app.builder.get_relative_uri(name, page)
            node.replace_self(nodes.reference("", "", *node.children, internal=True, refuri=uri))
        else:
            node.replace_self(node.children)


def shorten_arrays(*what: Any) -> tuple[Any, ...]:
    """Arrays as the code writes them: NDArray[int32] for ndarray[tuple[Any, ...], dtype[int32]]."""
    arguments_and_result = what[-2:]
    return tuple(text and ARRAY.sub(r"NDArray[\1]", text) for text in arguments_and_result)


def add_index(app: Any, error: Exception | None) -> None:
    """Servers show index.html where a folder is asked for."""
    if error is None and app.builder.name == "html":
        shutil.copyfile(Path(app.outdir) / f"{root_doc}.html", Path(app.outdir) / "index.html")


def setup(app: Any) -> None:
    app.connect("source-read", add_contents)
    app.connect("doctree-read", link_to_folders)
    app.connect("autodoc-process-signature", shorten_arrays)
    app.connect("build-finished", add_index)
