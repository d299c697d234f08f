"""The command line as a whole: help without heavy imports, exit codes, one-line errors."""

import json
import os
import re
import subprocess
import sys

import pytest
from numba.core.caching import FunctionCache

import edge_sast
from edge_sast.cli.main import SUBCOMMANDS, main
from edge_sast.cli.options import checks as arguments
from tests.programs import LIMIT


@pytest.mark.parametrize("command", [(), *(tuple(name.split()) for name in SUBCOMMANDS), ("data", "info")])
def test_help_answers_without_torch_numba_or_numpy(command):
    code = (
        "import sys; from edge_sast.cli.main import main; "
        f"code = main({[*command, '--help']!r}); "
        "heavy = [m for m in ('torch', 'numba', 'numpy', 'safetensors', 'tqdm') if m in sys.modules]; "
        "sys.exit(code or (f'imported {heavy}' if heavy else 0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage: edge-sast" in done.stdout


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"edge-sast {edge_sast.__version__}\n"


def test_no_command_prints_help_and_fails(capsys):
    assert main([]) == 2
    assert "COMMAND" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["frobnicate"], "edge-sast: argument COMMAND: invalid choice: 'frobnicate'"),
        (["sweep"], "edge-sast sweep: the following arguments are required: --out"),
        (
            ["train", "--data", "digits", "--dt-us", "x"],
            "edge-sast train: argument --dt-us: invalid int value: 'x'",
        ),
        (["evaluate", "no/such/run"], "edge-sast: no/such/run: cannot read: No such file or directory"),
        (["inspect", "no/such/model"], "edge-sast: no/such/model: cannot read: No such file or directory"),
        (["verify", "no/such/build"], "edge-sast: no/such/build: "),
        *(
            (
                [command, "x", option, *value],
                f"edge-sast: {option} has an effect only beside --data; add that one",
            )
            for command in ("verify", "inspect")
            for option, *value in (("--split", "valid"), ("--limit", "0"), ("--skip-empty",))
        ),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(argv, message, capsys):
    assert main(argv) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(message)
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("run MODEL FILE --json MODEL", "--json MODEL: is what is read; name another file"),
        ("run MODEL FILE --predictions FILE", "--predictions FILE: is what is read; name another file"),
        ("run MODEL FILE --crc MODEL", "--crc MODEL: is what is read; name another file"),
        (
            "run MODEL --data DATA --json DATA/a",
            "--json DATA/a: lies in DATA, what is read; name another file",
        ),
        (
            "run MODEL FILE --json x --predictions x",
            "--json x: is the file of --predictions too; name another one",
        ),
        ("inspect MODEL --json MODEL", "--json MODEL: is what is read; name another file"),
        ("data info DATA --json DATA/a", "--json DATA/a: lies in DATA, what is read; name another file"),
        (
            "evaluate RUN --json RUN/checkpoint.safetensors",
            "--json RUN/checkpoint.safetensors: is what is read;",
        ),
        (
            "export RUN --target model --out RUN/checkpoint.safetensors",
            "--out RUN/checkpoint.safetensors: is what is read;",
        ),
        (
            "export RUN --target model --out x --json x",
            "--json x: is the file of --out too; name another one",
        ),
        ("export MODEL --out x --json x/manifest.json", "--json x/manifest.json: is the file of --out too;"),
        (
            "verify BUILD --json BUILD/manifest.json",
            "--json BUILD/manifest.json: is what is read; name another",
        ),
        (
            "hil MODEL --port x --data DATA --resume FILE --wire-log FILE",
            "--resume FILE: is the file of --wire-log too; name another one",
        ),
        (
            "train --data DATA --dt-us 1 --steps 1 --out DATA",
            "--out DATA: lies in --data DATA; name a folder outside it",
        ),
        (
            "train --data DATA --dt-us 1 --steps 1 --out DATA/run",
            "--out DATA/run: lies in --data DATA; name a folder outside it",
        ),
        ("train --data .", "--out runs: lies in --data .; name a folder outside it"),
        ("train --overwrite", "--overwrite starts anew in a folder that holds a run; name it with --out"),
        (
            "evaluate RUN --json RUN/metrics.jsonl",
            "--json RUN/metrics.jsonl: is what is read; name another file",
        ),
        (
            "calibrate RUN --out x --json x/config.json",
            "--json x/config.json: is the file of --out too; name",
        ),
        (
            "board build BUILD --board pico --out x --json BUILD/model.safetensors",
            "--json BUILD/model.safetensors: is what is read; name another file",
        ),
        (
            "board build BUILD --board pico --out x --json x/firmware.elf",
            "--json x/firmware.elf: is the file of --out too; name another one",
        ),
        (
            "export MODEL --target C --out DATA",
            "--target is 'C'; this version writes c, verilog, model and nir",
        ),
        ("evaluate RUN --data=", "--data is empty (an unset variable?); give a value or leave it out"),
        ("run MODEL FILE --predictions=", "--predictions is empty (an unset variable?); give a value or"),
        (
            "sweep --data DATA --dt-us 1 --steps 1 --out x --grid=",
            "--grid is empty (an unset variable?); give a value or leave it out",
        ),
    ],
)
def test_files_that_would_be_lost_are_told_first(tmp_path, capsys, words, message):
    places = {name: str(tmp_path / name.lower()) for name in ("MODEL", "FILE", "DATA", "RUN", "BUILD")}
    for name in ("MODEL", "FILE"):
        (tmp_path / name.lower()).write_bytes(name.encode())
    for folder, files in (("data", ["one"]), ("run", arguments.RUN), ("build", arguments.BUILD)):
        (tmp_path / folder).mkdir()
        for file in files:
            (tmp_path / folder / file).write_text("kept")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def placed(text):
        return re.sub("|".join(places), lambda found: places[found[0]], text)

    assert main(placed(words).split()) == 2
    assert capsys.readouterr().err.startswith(f"edge-sast: {placed(message)}")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_data_set_by_its_name_is_no_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    for words in (
        [
            "train",
            "--data",
            "digits",
            "--dt-us",
            "1",
            "--steps",
            "0",
            "--out",
            "digits/a",
            "--json",
            "digits/x",
        ],
    ):
        assert main(words) == 2
        assert capsys.readouterr().err == "edge-sast: --steps is 0; it must be 1 to 65535\n"


@pytest.mark.skipif(sys.platform == "win32", reason="makes a link")
def test_a_folder_that_is_a_link_to_itself_is_one_line(tmp_path, capsys):
    (tmp_path / "data").mkdir()
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    words = ["train", "--data", str(tmp_path / "data"), "--dt-us", "1", "--steps", "1", "--out", str(circle)]
    assert main(words) == 2
    told = f"edge-sast: --out {circle}: is a link that leads back to itself; remove it, or name another\n"
    assert capsys.readouterr().err == told


def test_folders_are_known_by_what_is_written_into_them():
    from edge_sast.datasets.open import BUILT_IN
    from edge_sast.datasets.sources.tonic_sets import TONIC_SETS
    from firmware_gen.boards import build as board_build
    from firmware_gen.build import folder
    from trainer.run import checkpoint, loop, metrics

    assert arguments.RUN == (checkpoint.FILE_NAME, loop.CONFIG_NAME, metrics.METRICS_NAME)
    assert arguments.BUILD[0] == folder.MANIFEST
    assert set(arguments.PROGRAM) <= {*board_build.PARTS, board_build.BUILD_JSON}
    assert (BUILT_IN, *TONIC_SETS) == arguments.DATA_SETS


def python(code):
    """Exit code, standard output and error of a program."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=LIMIT
    )
    return done.returncode, done.stdout, done.stderr


def test_training_without_torch_is_one_line():
    code = (
        "import sys; sys.modules['torch'] = None; from edge_sast.cli.main import main; "
        "sys.exit(main(['evaluate', 'runs/a']))"
    )
    told = "edge-sast: evaluate: PyTorch is not installed; pip install 'edge-sast[train]'\n"
    assert python(code) == (2, "", told)


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_ends_imports_that_swallow_exceptions():
    code = (
        "import os, signal, sys\n"
        "from edge_sast.signals import ended_by_ctrl_c\n"
        "before = signal.getsignal(signal.SIGINT)\n"
        "with ended_by_ctrl_c(): pass\n"
        "assert signal.getsignal(signal.SIGINT) is before\n"
        "with ended_by_ctrl_c():\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        for _ in range(10**6): pass\n"
        "    except BaseException: pass\n"
        "print('went on')\n"
    )
    assert python(code) == (130, "", "edge-sast: interrupted\n")


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
def test_signals_that_are_ignored_stay_ignored():
    """As nohup and a script's background jobs have them."""
    code = (
        "import os, signal\n"
        "from edge_sast.signals import ended_by_ctrl_c, kill_interrupts\n"
        "for number in (signal.SIGINT, signal.SIGHUP): signal.signal(number, signal.SIG_IGN)\n"
        "with ended_by_ctrl_c(), kill_interrupts():\n"
        "    for number in (signal.SIGINT, signal.SIGHUP): os.kill(os.getpid(), number)\n"
        "    try: os.kill(os.getpid(), signal.SIGTERM)\n"
        "    except KeyboardInterrupt: print('interrupted')\n"
        "assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL\n"
    )
    assert python(code) == (0, "interrupted\n", "")


def test_doctor_finds_this_machine_ready(capsys, tmp_path):
    assert main(["doctor", "--json", str(tmp_path / "d.json")]) == 0
    out = capsys.readouterr().out
    assert "numba" in out
    assert out.rstrip().endswith("ready")
    assert (tmp_path / "d.json").exists()


def test_doctor_says_how_to_get_what_boards_need(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))  # no tool at all
    monkeypatch.setenv("CC", sys.executable)
    assert main(["doctor", "--json", str(tmp_path / "d.json")]) == 0  # none of them is required
    remedies = {
        f["what"].split()[0]: f["remedy"] for f in json.loads((tmp_path / "d.json").read_text())["findings"]
    }
    assert remedies["qemu-system-arm"] == "sudo apt install qemu-system-arm"
    assert remedies["arm-none-eabi-gcc"] == "sudo apt install gcc-arm-none-eabi"
    assert "missing" in capsys.readouterr().out


@pytest.mark.parametrize("place", ["/proc/version", "/dev/null"])
def test_doctor_tells_of_a_cache_folder_that_cannot_be_written(capsys, monkeypatch, place):
    monkeypatch.setenv("XDG_CACHE_HOME", place)  # not even root can write below it
    assert main(["doctor"]) == 0  # nothing needs it
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("cache "))
    assert f"{place}/edge-sast: Not a directory" in line
    assert line.endswith("set XDG_CACHE_HOME to a folder you may write")


def test_doctor_tells_that_compiled_kernels_are_kept_nowhere(capsys, monkeypatch):
    def no_locator(*_):
        raise RuntimeError("cannot cache function: no locator available")  # as Numba's own does

    monkeypatch.setattr(FunctionCache, "__init__", no_locator)
    assert main(["doctor"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("compiled kernels "))
    assert re.search("no folder can be written; each command compiles +set NUMBA_CACHE_DIR to a folder", line)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_output_on_a_full_disk_is_one_line():
    command = f"{sys.executable} -m edge_sast.cli.main --version > /dev/full"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr == "edge-sast: standard output: No space left on device; check space and permissions\n"
    done = subprocess.run(["sh", "-c", f"{command} 2>&1"], timeout=60, check=False)
    assert done.returncode == 2


def test_output_into_a_closed_pipe_is_no_traceback():
    pipeline = f"{sys.executable} -m edge_sast.cli.main doctor | true"
    done = subprocess.run(["sh", "-c", pipeline], capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr


def test_help_where_greek_letters_cannot_be_shown():
    command = [sys.executable, "-m", "edge_sast.cli.main", "train", "--help"]
    done = subprocess.run(
        command,
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "latin-1"},
        check=False,
        timeout=LIMIT,
    )
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


def test_a_figure_file_that_cannot_be_written_is_told_first(tmp_path, capsys):
    assert main(["doctor", "--json", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"edge-sast: --json {tmp_path}: is a folder; name a file\n"


@pytest.mark.parametrize(
    ("module", "words", "remedy"),
    [
        ("doctor", ["doctor"], "end other programs, or use a machine with more of it"),
        ("data.convert", ["data", "convert", "a", "b"], "read a part with --from-s and --until-s"),
        (
            "learn.train",
            ["train", "--data", "digits"],
            "lower --batch-size, --steps or --limit, or use a smaller --arch",
        ),
    ],
)
@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: 1")]
)
def test_too_little_memory_is_one_line_of_what_the_command_has(
    monkeypatch, capsys, module, words, remedy, error
):
    def fail(_):
        raise error

    monkeypatch.setattr(f"edge_sast.cli.{module}.run", fail)
    assert main(words) == 2
    assert capsys.readouterr().err == f"edge-sast: out of memory; {remedy}\n"
