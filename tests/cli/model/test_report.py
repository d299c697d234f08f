"""`edge-sast report` as a user types it, on a run, a build, a model file and what commands wrote."""

import json
import re
import shutil
from pathlib import Path

import pytest

from edge_sast.cli.main import main
from tests.cli.models import save_line_model
from tests.cli.recordings import DT_US, STEPS, write_lines

DIGITS = Path(__file__).parents[3] / "examples" / "digits-int8.safetensors"
HEAD = {"format": "edge-sast-figures", "version": 1, "command": "stream", "line": "edge-sast stream m"}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A short run, its build, and what evaluate, inspect and verify wrote of them."""
    home = tmp_path_factory.mktemp("reported")
    write_lines(home / "data", {"train": 12, "test": 6})
    cache = ["--cache-dir", str(home / "cache")]
    options = ["--dt-us", str(DT_US), "--steps", str(STEPS), "--arch", "4c5s2p2-out", "--quiet", *cache]
    short = ["--epochs", "2", "--qat-epochs", "1", "--batch-size", "6", "--bits", "4"]
    run, build = str(home / "a"), str(home / "build")
    assert main(["train", "--data", str(home / "data"), "--out", run, *options, *short]) == 0
    assert main(["export", run, "--out", build, *cache, "--json", str(home / "export.json")]) == 0
    assert main(["evaluate", run, *cache, "--json", str(home / "evaluate.json")]) == 0
    assert main(["inspect", build, "--json", str(home / "inspect.json")]) == 0
    return home


def report(home, *words):
    out = home / "page.html"
    assert main(["report", *map(str, words), "--out", str(out)]) == 0
    return out.read_text()


def refused(capsys, tmp_path, *words):
    out = tmp_path / "page.html"
    assert main(["report", *map(str, words), "--out", str(out)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert not out.exists()
    return captured.err


def charts(page):
    return json.loads(re.search(r'<script id="charts" type="application/json">(.*?)</script>', page)[1])


def test_a_run_with_its_build_and_figures(home, capsys):
    files = [home / f"{name}.json" for name in ("evaluate", "inspect", "export")]
    recording = next((home / "data" / "test").rglob("*.bin"))
    page = report(home, home / "a", home / "build", *files, "--recording", recording)
    said = capsys.readouterr().out.splitlines()[-1]
    told = rf"{home}/page\.html: 1 runs, 2 models, 3 files of figures, 0\.\d+ MB; open it in a browser"
    assert re.fullmatch(told, said)
    drawn = {chart["title"]: chart for chart in charts(page)}
    metrics = [json.loads(line) for line in (home / "a" / "metrics.jsonl").read_text().splitlines()]
    (loss,) = drawn["Loss of training"]["series"]
    assert [y for _, y in loss["points"]] == pytest.approx([line["train_loss"] for line in metrics], rel=1e-5)
    evaluated = json.loads(files[0].read_text())
    (accuracy,) = drawn["Accuracy of each pass"]["series"]
    assert accuracy["run"] == "a"
    assert accuracy["points"][1][:2] == ["hard", pytest.approx(100 * evaluated["hard"]["accuracy"])]
    assert f'<th scope="row" class="k">{"integer_accuracy"}</th>' in page  # of export, which has no section
    weights = drawn["a: layer 1 (4c5s2p2)"]["series"]
    assert [each["name"] for each in weights] == ["after, 4 bits", "before"]
    bars = weights[0]["points"]
    assert sum((right - left) * height for left, right, height in bars) == pytest.approx(1, abs=1e-3)
    membranes = drawn[f"build on {recording.name}: layer 0, 17x17x4"]["series"][0]["points"]
    assert sum(share for *_, share in membranes) == pytest.approx(1, abs=1e-3)
    assert page.count('class="player"') == 2


def test_a_model_file_without_torch(home):
    page = report(home, save_line_model(home))
    assert "Flash, RAM and stack" in page
    assert "edge-sast inspect" in page


def test_two_builds_of_one_run(home, tmp_path):
    """With the run, evaluate's figures say what fewer bits cost; without it those of export do, by the model's hash."""
    wide, cache = str(tmp_path / "wide"), ["--cache-dir", str(home / "cache")]
    told = tmp_path / "wide.json"
    assert main(["export", str(home / "a"), "--bits", "8", "--out", wide, *cache, "--json", str(told)]) == 0
    page = report(tmp_path, wide, home / "build", told, home / "export.json")
    titles = [chart["title"] for chart in charts(page)]
    assert titles == [
        *("layer 0, conv2d: wide, 8 bits", "layer 0, conv2d: build, 4 bits"),
        *("layer 2, linear: wide, 8 bits", "layer 2, linear: build, 4 bits"),
    ]
    accuracies = [json.loads(path.read_text())["integer_accuracy"] for path in (told, home / "export.json")]
    table = page.partition("wide and build: one network")[2].partition("</table>")[0]
    assert all(f">{100 * accuracy:.2f}<" in table for accuracy in accuracies)
    assert f">{100 * (accuracies[1] - accuracies[0]):+.2f}<" in table
    both = report(tmp_path, home / "a", home / "build", wide)  # the build is the run's own integers again
    assert "wide and build: one network with other weight bits" in both
    with_run = report(tmp_path, home / "a", wide, home / "evaluate.json")  # whose own integers have 4 bits
    assert "wide and a: one network with other weight bits" in with_run
    drawn = [chart["title"] for chart in charts(with_run) if "conv2d" in chart["title"]]
    assert drawn == [titles[0], "layer 0, conv2d: a, 4 bits"]
    table = with_run.partition("wide and a: one network")[2].partition("</table>")[0]
    evaluated = json.loads((home / "evaluate.json").read_text())
    assert f">{100 * evaluated['int8']['accuracy']:.2f}<" in table
    assert f">{100 * (evaluated['int4']['accuracy'] - evaluated['int8']['accuracy']):+.2f}<" in table


def test_the_same_inputs_give_the_same_bytes(home):
    words = [home / "a", home / "evaluate.json"]
    assert report(home, *words) == report(home, *words)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1)); "),
        ('{"accuracy": 1}', "format is None, not 'edge-sast-figures'; give a file that a command of this"),
        (json.dumps({**HEAD, "version": 2}), "version is 2; this edge-sast reads 1: write it again"),
        (json.dumps({**HEAD, "command": "verify"}), "is not what 'edge-sast verify --json' writes ("),
        (json.dumps({**HEAD, "command": "hil", "boards": 3}), "is not what 'edge-sast hil --json' writes ("),
        (
            json.dumps({**HEAD, "command": "fpga report", "designs": [[]]}),
            "is not what 'edge-sast fpga report",
        ),
        ('{"a": 1e999, ' + json.dumps(HEAD)[1:], "is not JSON (1e999 is no number of JSON); "),
    ],
)
def test_what_is_no_figures(text, said, tmp_path, capsys):
    (tmp_path / "f.json").write_text(text)
    assert refused(capsys, tmp_path, tmp_path / "f.json").startswith(f"edge-sast: {tmp_path}/f.json: {said}")


def test_what_is_no_run_and_no_build(home, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    said = refused(capsys, tmp_path, tmp_path / "empty")
    wanted = "checkpoint.safetensors of a run, nor manifest.json and model.safetensors of a build"
    assert said.startswith(
        f"edge-sast: {tmp_path}/empty: holds no {wanted}; give folders made by 'edge-sast train'"
    )
    assert refused(capsys, tmp_path, tmp_path / "gone").startswith(
        f"edge-sast: {tmp_path}/gone: does not exist; give "
    )
    shutil.copytree(home / "a", tmp_path / "a")
    (tmp_path / "a" / "checkpoint.safetensors").write_bytes(b"not one")
    assert "damaged checkpoint" in refused(capsys, tmp_path, tmp_path / "a")


def test_metrics_that_are_damaged(home, tmp_path, capsys):
    shutil.copytree(home / "a", tmp_path / "a")
    metrics = tmp_path / "a" / "metrics.jsonl"
    metrics.write_text('{"epoch": 1, "firing_rates": 5}\n')
    said = refused(capsys, tmp_path, tmp_path / "a")
    assert said.startswith(f"edge-sast: {metrics}: is not what 'edge-sast train' writes (")
    metrics.unlink()
    assert "a: has no figures of epochs in its metrics.jsonl." in report(tmp_path, tmp_path / "a")


def test_one_input_twice(home, tmp_path, capsys):
    said = refused(capsys, tmp_path, home / "a", f"{home}/./a")
    assert said == f"edge-sast: {home}/./a: is given twice, also as {home}/a; name it once\n"


def test_folders_of_one_name_keep_their_paths(home, tmp_path):
    shutil.copytree(home / "a", tmp_path / "a")
    page = report(home, home / "a", tmp_path / "a")
    assert f'<input type="checkbox" checked value="{tmp_path}/a">' in page
    assert f'<input type="checkbox" checked value="{home}/a">' in page


def test_recordings_want_a_network_and_pages_an_ending(home, tmp_path, capsys):
    recording = next((home / "data" / "test").rglob("*.bin"))
    said = refused(capsys, tmp_path, home / "evaluate.json", "--recording", recording)
    assert said.startswith("edge-sast: --recording: needs a network with integers; give a run,")
    assert main(["report", str(home / "a"), "--out", str(tmp_path / "page.pdf")]) == 2
    assert capsys.readouterr().err.endswith(
        "page.pdf: is no page by its ending; choose a name that ends in .html\n"
    )


def test_a_recording_is_shown_with_the_networks_of_its_sensor(home, tmp_path, capsys):
    recording = next((home / "data" / "test").rglob("*.bin"))
    words = ["--recording", recording]
    page = report(home, home / "a", DIGITS, *words)
    assert (
        f'<p data-run="digits-int8">digits-int8: is for a sensor of 24x24, and {recording} is of 34x34.</p>'
        in page
    )
    assert page.count('class="player"') == 1
    capsys.readouterr()
    said = refused(capsys, tmp_path, DIGITS, *words)
    assert said == (
        f"edge-sast: --recording: digits-int8 is for a sensor of 24x24, and {recording} is of 34x34; pass --sensor WxH "
        "with the real size, or leave it out\n"
    )


@pytest.mark.parametrize(
    ("option", "value"), [("--from-s", "0"), ("--sensor", "24x24"), ("--max-gap-s", "5")]
)
def test_options_of_recordings_want_one(option, value, home, tmp_path, capsys):
    said = refused(capsys, tmp_path, home / "a", option, value)
    assert (
        said == f"edge-sast: {option} has an effect only beside --recording; add that one, or leave it out\n"
    )


def test_an_input_is_not_overwritten(home, capsys):
    before = (home / "evaluate.json").read_bytes()
    page = home / "evaluate.html"
    page.write_bytes(before)
    assert main(["report", str(page), "--out", str(page)]) == 2
    assert "--out" in capsys.readouterr().err
    assert page.read_bytes() == before
