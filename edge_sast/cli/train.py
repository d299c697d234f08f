"""`edge-sast train`: recordings to a checkpoint."""

from __future__ import annotations

import argparse

NAME = "train"
HELP = "Train a spiking network on recordings and keep its checkpoint and metrics in a folder."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_setting_arguments(parser)
    _run_options(parser.add_argument_group("run"))


def add_setting_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that settle what is trained; a sweep varies any of them."""
    _data_options(parser.add_argument_group("data"))
    _augmentation_options(parser.add_argument_group("augmentation, training part only"))
    _network_options(parser.add_argument_group("network"))
    _method_options(parser.add_argument_group("method"))


def _data_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--data", required=True, help="folder of recordings, or digits, nmnist, dvsgesture")
    group.add_argument("--dt-us", type=int, required=True, help="length of a time step in µs")
    group.add_argument("--steps", type=int, required=True, help="time steps of a recording")
    group.add_argument("--sensor", metavar="WxH", help="sensor size, where the format does not say it")
    group.add_argument("--downscale", type=int, default=0, help="halve the coordinates this many times")
    group.add_argument(
        "--count-cap", type=int, default=1, help="count events of a pixel up to this; 1 is presence"
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
        "(sS stride, pP padding, gG groups), orK or sumK pool, fcN fully connected, recN recurrent, "
        "last out (integrator) or count (spike count)",
    )
    group.add_argument(
        "--reset", default="zero", choices=("zero", "subtract"), help="what a spike does to the membrane"
    )
    group.add_argument("--leak", default="3", help="shift k (τ = 1 − 2^−k), two shifts 2,4, none, or learn")
    group.add_argument(
        "--norm", default="batch", choices=("batch", "none"), help="batch norm, folded at export"
    )


def _method_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--method",
        default="sast",
        choices=("sast", "surrogate", "hard"),
        help="sast: surrogate spikes, sharpness-aware minimisation; surrogate: the same without; hard: hard spikes, "
        "surrogate gradient",
    )
    group.add_argument(
        "--surrogate", default="arctan", choices=("arctan", "logistic"), help="the smooth step σ_β"
    )
    group.add_argument("--beta", type=float, default=5.0, help="slope parameter of the surrogate")
    group.add_argument("--rho", type=float, help="SAM radius; default 0.1 for sast, else 0")
    group.add_argument(
        "--rho-warmup", type=int, default=2, help="epochs over which rho grows to its full size"
    )
    group.add_argument(
        "--independent-batch", action="store_true", help="SAM's second gradient from its own minibatch"
    )
    group.add_argument("--epochs", type=int, default=12, help="float epochs")
    group.add_argument(
        "--qat-epochs", type=int, default=3, help="integer epochs at the end, the device's arithmetic"
    )
    group.add_argument(
        "--bits",
        default="8",
        help="weight bits of the integer epochs, 1 to 8: of all layers, or one a layer with weights, such as 8,4,8",
    )
    group.add_argument("--batch-size", type=int, default=64, help="recordings a gradient")
    group.add_argument("--lr", type=float, default=3e-3, help="peak learning rate of the float epochs")
    group.add_argument(
        "--qat-lr",
        type=float,
        default=0.0,
        help="of the integer epochs; 0 is a tenth of --lr, --lr with 1-bit weights",
    )
    group.add_argument("--seed", type=int, default=0, help="of weights, order, augmentation and split")


def _run_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--out", required=True, help="folder for checkpoint, config and metrics")
    group.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    group.add_argument("--overwrite", action="store_true", help="start anew where --out already holds a run")
    group.add_argument("--device", default="auto", help="cpu, cuda or auto")
    group.add_argument("--threads", type=int, default=0, help="CPU threads; 0 is all (results depend on it)")
    group.add_argument("--cache-dir", help="where binned recordings are kept")
    group.add_argument("--quiet", action="store_true", help="no progress bar, no epoch lines")
    group.add_argument("--json", metavar="FILE", help="write the last epoch's figures")


def run(args: argparse.Namespace) -> int:
    from trainer.command import train

    return train(args)
