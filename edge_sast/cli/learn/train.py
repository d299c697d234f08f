"""`edge-sast train`: recordings to a checkpoint."""

from __future__ import annotations

import argparse
from typing import Any

from edge_sast.signals import ended_by_ctrl_c
from edge_sast.terminal import echo

METHODS = (
    "sast",
    "surrogate",
    "hard",
    "hard-sam",
    "noise",
    "continuation",
    "asgl",
    "stochastic",
    "masked",
    "a2sg",
    "trsg",
    "mpd-agl",
    "shape",
    "ottt",
    "custom",
)  # trainer.settings.methods holds them; its package is not imported for --help

NAME = "train"
HELP = "Train a spiking network on recordings and keep its checkpoint and metrics in a folder."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_setting_arguments(parser)
    _run_options(parser.add_argument_group("run"))


def add_setting_arguments(parser: argparse.ArgumentParser, *, named: bool = False) -> None:
    """The options that settle what is trained; a sweep varies any of them. named: --data, --dt-us and --steps must be
    given; else what is left out comes from edge_sast.cli.train_defaults.
    """
    data = parser.add_argument_group("data")
    _main_data_options(data, named)
    _data_options(data)
    _augmentation_options(parser.add_argument_group("augmentation, training part only"))
    _network_options(parser.add_argument_group("network"))
    _method_options(parser.add_argument_group("method"))
    _spike_options(parser.add_argument_group("spikes and their gradient; defaults are the method's"))
    _sharpness_options(parser.add_argument_group("sharpness; defaults are the method's"))
    _neuron_options(parser.add_argument_group("neurons; defaults are the method's"))
    _loss_options(parser.add_argument_group("loss; defaults are the method's"))
    _optimiser_options(parser.add_argument_group("optimisation"))


def _main_data_options(group: argparse._ArgumentGroup, named: bool) -> None:
    usual = {
        "data": "; default digits, which is built in",
        "dt_us": "; default what the data set says in its dataset.toml, else so that 95 %% of its recordings end "
        "within --steps (docs/data.md)",
        "steps": "; default what the data set says, else 20",
    }
    told = dict.fromkeys(usual, "") if named else usual
    group.add_argument(
        "--data", required=named, help=f"folder of recordings, or digits, nmnist, dvsgesture{told['data']}"
    )
    group.add_argument(
        "--dt-us", type=int, required=named, help=f"length of a time step in µs{told['dt_us']}"
    )
    group.add_argument("--steps", type=int, required=named, help=f"time steps of a recording{told['steps']}")


def _data_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--sensor", metavar="WxH", help="sensor size, where the format does not say it")
    group.add_argument("--downscale", type=int, default=0, help="halve the coordinates this many times")
    group.add_argument(
        "--count-cap", type=int, default=1, help="count events of a pixel up to this; 1 is presence"
    )
    group.add_argument(
        "--window-us", type=int, metavar="N", help="cut recordings into windows of N µs, split by time"
    )
    group.add_argument(
        "--valid-fraction", type=float, default=0.1, help="held out where there is no valid split"
    )
    group.add_argument("--limit", type=int, help="use only this many training recordings")
    group.add_argument("--download-dir", help="where nmnist and dvsgesture are kept")
    group.add_argument("--skip-empty", action="store_true", help="leave out recordings without events")


def _augmentation_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--augment-shift", type=int, default=2, help="random shift of up to this many pixels; 0 is none"
    )
    group.add_argument("--augment-drop", type=float, default=0.0, help="probability that an event is lost")
    group.add_argument(
        "--augment-flip", action="store_true", help="mirror half of the recordings (not for digits)"
    )


def _network_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--arch",
        default="small",
        help="tiny, small, reference, recurrent, or layers as text such as 16c5s2p2-or2-64c3p1-or2-out: NcK conv "
        "(sS stride, pP padding, gG groups, r residual), orK or sumK pool, fcN fully connected, recN recurrent, "
        "last out (integrator) or count (spike count)",
    )
    group.add_argument(
        "--norm", default="batch", choices=("batch", "none"), help="batch norm, folded at export"
    )
    group.add_argument(
        "--init", metavar="RUN", help="start from another run's network instead of random weights"
    )


def _method_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--method",
        default="sast",
        choices=METHODS,
        metavar="NAME",
        help=f"one of {', '.join(METHODS)}: sets the defaults of the options below and fixes those that make it; "
        "'edge-sast train --methods' says what each is (default sast)",
    )


class ListMethods(argparse.Action):
    """Prints what each method is, with its source and settings."""

    def __init__(self, option_strings: list[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from trainer.settings.methods import describe

        echo(*describe().splitlines())
        parser.exit()


def _spike_options(group: argparse._ArgumentGroup) -> None:
    """Defaults are the method's: an option that is not given stays None."""
    group.add_argument(
        "--forward", choices=("smooth", "hard", "mixed", "stochastic"), help="spikes of the float epochs"
    )
    group.add_argument(
        "--surrogate",
        choices=("arctan", "logistic", "triangle", "rectangle", "asymmetric"),
        help="the smooth step σ_β, or what stands for the derivative of the hard one (arctan)",
    )
    group.add_argument("--beta", type=float, help="slope parameter of the surrogate (the method's, else 5)")
    group.add_argument("--beta-start", type=float, help="let the slope grow from this to --beta")
    group.add_argument(
        "--width",
        choices=("fixed", "learn", "membrane", "consistent"),
        help="the surrogate's width: fixed, learnable, from batch norm's gain (MPD-AGL), or adapted to the gradients "
        "(A2SG)",
    )
    group.add_argument(
        "--mix", type=float, help="probability of a smooth spike in a mixed pass (asgl 0.3, else 0.5)"
    )
    group.add_argument("--mask", type=float, help="share of surrogate gradients dropped (masked 0.5, else 0)")
    group.add_argument(
        "--through-time", choices=("bptt", "online"), help="gradient through all steps, or online (OTTT)"
    )


def _sharpness_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--sharpness",
        choices=("none", "sam", "asam", "gsam", "esam", "noise"),
        help="kind of the perturbation",
    )
    group.add_argument("--rho", type=float, help="its radius (0.1 where the method perturbs)")
    group.add_argument("--rho-delay", type=int, help="epochs before the warm-up, not perturbed (0)")
    group.add_argument(
        "--rho-warmup", type=int, help="epochs of growing rho before its full size (method's 2, else 0)"
    )
    group.add_argument(
        "--rho-schedule",
        choices=("constant", "cosine", "lr"),
        help="its course over the float epochs (constant)",
    )
    group.add_argument("--sam-every", type=int, help="perturb each k-th step only (1)")
    group.add_argument(
        "--sam-reuse",
        type=float,
        help="between perturbed steps add this much of what the last one found (LookSAM; 0)",
    )
    group.add_argument("--sam-rows", type=float, help="share of the batch in the second gradient (1)")
    group.add_argument("--sam-rows-by", choices=("loss", "random"), help="which recordings those are (loss)")
    group.add_argument("--sam-weights", type=float, help="share of the weights that esam perturbs (1)")
    group.add_argument("--sam-scope", choices=("all", "norm"), help="parameters that are perturbed (all)")
    group.add_argument("--gsam-alpha", type=float, help="weight of gsam's own loss term, GSAM's α (0.4)")
    group.add_argument(
        "--independent-batch",
        action="store_const",
        const=True,
        help="the second gradient from its own minibatch",
    )


def _neuron_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--reset", choices=("zero", "subtract"), help="what a spike does to the membrane (zero)"
    )
    group.add_argument("--leak", help="shift k (τ = 1 − 2^−k), two shifts 2,4, none, or learn (3)")
    group.add_argument(
        "--threshold",
        choices=("fixed", "learn", "adaptive", "adaptive-step"),
        help="fixed, learnable, or following the membranes (adaptive-step cannot be exported)",
    )
    group.add_argument(
        "--mp-init",
        action="store_const",
        const=True,
        help="membranes start at their mean at the end (MP-Init)",
    )


def _loss_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--loss",
        choices=("last", "mean", "tet"),
        help="cross-entropy of the last answer, of the mean of all answers, or of each step alone (last)",
    )
    group.add_argument("--tet-lambda", type=float, help="share of TET's distance term (ottt 0, else 0.001)")
    group.add_argument("--rate-weight", type=float, help="weight of the penalty on firing rates (0)")
    group.add_argument(
        "--rate-limit", type=float, help="firing rate of a layer that goes without penalty (0)"
    )
    group.add_argument("--synops-target", type=float, metavar="N", help="SynOps a recording to train towards")


def _optimiser_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--epochs", type=int, default=12, help="float epochs")
    group.add_argument(
        "--qat-epochs", type=int, default=3, help="integer epochs at the end, the device's arithmetic"
    )
    group.add_argument(
        "--bits",
        default="8",
        help="weight bits of the integer epochs, 1 to 8: one width, or one a layer as 8,4,4,8",
    )
    group.add_argument("--batch-size", type=int, default=64, help="recordings a gradient")
    group.add_argument("--lr", type=float, default=3e-3, help="peak learning rate of the float epochs")
    group.add_argument(
        "--qat-lr",
        type=float,
        default=0.0,
        help="of the integer epochs; 0 is a tenth of --lr, --lr with 1-bit weights",
    )
    group.add_argument(
        "--recompute",
        action="store_true",
        help="keep each layer's input only and compute the rest again: less memory",
    )
    group.add_argument(
        "--precision",
        default="float32",
        choices=("float32", "bfloat16"),
        help="of the float epochs' matrix products",
    )
    group.add_argument("--seed", type=int, default=0, help="of weights, order, augmentation and split")


def _run_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--methods", action=ListMethods, help="list the methods and stop")
    group.add_argument(
        "--out", help="folder for checkpoint, config and metrics; default a new one, runs/DATE-TIME-METHOD"
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="go on from the checkpoint in --out; without it, in the newest unfinished run below runs",
    )
    group.add_argument("--overwrite", action="store_true", help="start anew where --out already holds a run")
    group.add_argument("--device", default="auto", help="cpu, cuda or auto")
    group.add_argument("--threads", type=int, default=0, help="CPU threads; 0 is all (results depend on it)")
    group.add_argument(
        "--workers",
        type=int,
        default=1,
        help="processes on this machine that share each batch, each on a GPU or a part of the threads; docs/method.md, "
        "Several processes",
    )
    group.add_argument("--cache-dir", help="where binned recordings are kept")
    group.add_argument("--quiet", action="store_true", help="no progress bar, no epoch lines")
    group.add_argument("--json", metavar="FILE", help="write the last epoch's figures")


def run(args: argparse.Namespace) -> int:
    with ended_by_ctrl_c():
        from edge_sast.cli.learn.train_run import train

    return train(args)
