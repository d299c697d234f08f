"""An exported folder with a design that is synthesised in a second: what is tested is the flow around it."""

from __future__ import annotations

from pathlib import Path

from edge_sast.model.modelfile import dumps, model_hash
from firmware_gen.build import known_answers
from firmware_gen.build.folder import with_manifest, write_folder
from tests.firmware_gen.builds import small_model

DESIGN = Path(__file__).parent / "tiny.v"
WORDS = 512
PARAMETERS = (
    "localparam SPRAM = 0;\nlocalparam LOADABLE = 0;\n"
    "localparam P = 4;\nlocalparam B = 1;\nlocalparam UDEPTH = 1;\nlocalparam ULOW = 1;\nlocalparam PDEPTH = 1;\n"
    "localparam BDEPTH = 1;\nlocalparam CDEPTH = 1;\n"
    "localparam ODEPTH = 1;\nlocalparam EDEPTH = 1;\nlocalparam RDEPTH = {words};\n"
)


def tiny_folder(folder: Path, design: str | None = None, words: int = WORDS) -> Path:
    """design: Verilog instead of tiny.v's. words: of its table; it reads none of the core's others."""
    model = small_model()
    answers = known_answers.make_known_answers(model, None, 1)
    files = {
        "rtl/sast_uart_top.v": (DESIGN.read_text() if design is None else design).encode(),
        "rtl/sast_params.vh": PARAMETERS.format(words=words).encode(),
        "rtl/rows.mem": "".join(f"{(2654435761 * i >> 9) % 65536:04x}\n" for i in range(words)).encode(),
        **{
            f"rtl/{name}.mem": b"0\n"
            for name in ("weights_0", "params", "biases", "columns", "ops", "layers")
        },
        "model.safetensors": dumps(model),
        "known_answers.bin": known_answers.dumps(model, answers),
    }
    write_folder(with_manifest(files, "verilog", "tiny", model_hash(model)), folder)
    return folder
