"""The options that settle what is trained: those of train, any of which a sweep varies."""

from __future__ import annotations

import argparse

from trainer.formulas import surrogate
from trainer.settings import fields, neuron, objective, passes, schedules, sharpness
from trainer.settings.methods import METHODS


def add_setting_arguments(parser: argparse.ArgumentParser, *, named: bool = False) -> None:
    """The options that settle what is trained; a sweep varies any of them.

    named: --data, --dt-us and --steps must be given; else what is left out comes from train_defaults.py.
    """
    parser.set_defaults(
        layers=None, imported=None, kept_channels=None
    )  # no option says them: they are a run's of another tool's network
    data = parser.add_argument_group("data")
    _main_data_options(data, named)
    _data_options(data)
    _augmentation_options(parser.add_argument_group("augmentation, of the training part only"))
    _network_options(parser.add_argument_group("network"))
    _method_options(parser.add_argument_group("method"))
    _spike_options(parser.add_argument_group("spikes and their gradient"))
    sharp = parser.add_argument_group("sharpness")
    _radius_options(sharp)
    _perturbation_options(sharp)
    _neuron_options(parser.add_argument_group("neurons"))
    _loss_options(parser.add_argument_group("loss"))
    _teacher_options(parser.add_argument_group("teachers"))
    optimisation = parser.add_argument_group("optimisation")
    _epoch_options(optimisation)
    _optimiser_options(optimisation)


def _main_data_options(group: argparse._ArgumentGroup, named: bool) -> None:
    usual = {
        "data": " (default: digits)",
        "dt_us": " (default: what the data set says in its dataset.toml, else so that 95 %% of its recordings end "
        "within --steps; docs/data.md)",
        "steps": " (default: what the data set says, else 20)",
    }
    told = dict.fromkeys(usual, "") if named else usual
    group.add_argument(
        "--data",
        required=named,
        metavar="DATA",
        help=f"recordings: a folder or .zip of them, digits (built in), nmnist or dvsgesture{told['data']}",
    )
    group.add_argument(
        "--dt-us",
        type=int,
        required=named,
        metavar="N",
        help="length of a time step in µs; 'edge-sast data info DATA' shows how long recordings last"
        + told["dt_us"],
    )
    group.add_argument(
        "--steps",
        type=int,
        required=named,
        metavar="N",
        help=f"number of time steps taken from each recording{told['steps']}",
    )


def _data_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--sensor", metavar="WxH", help="sensor size in pixels, where the files do not say it")
    group.add_argument(
        "--downscale",
        type=int,
        default=0,
        metavar="N",
        help="halve the coordinates this many times (default: 0)",
    )
    group.add_argument(
        "--count-cap",
        type=int,
        default=1,
        metavar="N",
        help="count a pixel's events of a time step up to N, where 1 is presence",
    )
    group.add_argument(
        "--window-us",
        type=int,
        metavar="N",
        help="cut every recording into windows of N µs, and split by time",
    )
    group.add_argument(
        "--valid-fraction",
        type=float,
        default=0.1,
        metavar="X",
        help="share of the recordings to hold out, where there is no valid split",
    )
    group.add_argument("--limit", type=int, metavar="N", help="use only N training recordings (default: all)")
    group.add_argument("--download-dir", metavar="DIR", help="where nmnist and dvsgesture are kept")
    group.add_argument("--skip-empty", action="store_true", help="leave out recordings without events")


def _augmentation_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--augment-shift",
        type=int,
        default=2,
        metavar="N",
        help="shift each recording at random by up to N pixels, where 0 is no shift",
    )
    group.add_argument(
        "--augment-drop",
        type=float,
        default=0.0,
        metavar="X",
        help="probability that an event is lost (default: 0)",
    )
    group.add_argument(
        "--augment-flip", action="store_true", help="mirror half of the recordings (not for digits)"
    )


def _network_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--arch",
        default="small",
        metavar="LAYERS",
        help="network: tiny, small, reference, recurrent, or its layers as text such as 16c5s2p2-or2-64c3p1-or2-out: "
        "NcK conv (sS stride, pP padding, gG groups, r residual), orK or sumK pool, fcN fully connected, recN "
        "recurrent, last out (integrator) or count (spike count)",
    )
    group.add_argument(
        "--norm", default="batch", choices=fields.NORMS, help="batch norm, folded at export, or none"
    )
    group.add_argument(
        "--init", metavar="RUN", help="start from another run's network instead of random weights"
    )


def _method_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--method",
        default="sast",
        choices=tuple(METHODS),
        metavar="NAME",
        help=f"method of training, one of {', '.join(METHODS)}: sets the defaults of many options, and fixes those "
        "that make it; --methods says what each is",
    )


def _spike_options(group: argparse._ArgumentGroup) -> None:
    """Defaults are the method's: an option that is not given stays None."""
    group.add_argument(
        "--forward",
        choices=passes.FORWARDS,
        help="spikes of the float epochs (default: the method's)",
    )
    group.add_argument(
        "--surrogate",
        choices=tuple(surrogate.CODES),
        help="smooth step that stands for the spike, or whose slope stands for its derivative (default: arctan, or the "
        "method's)",
    )
    group.add_argument(
        "--beta",
        type=float,
        metavar="X",
        help="slope parameter of the surrogate (default: 5, or the method's)",
    )
    group.add_argument(
        "--beta-start", type=float, metavar="X", help="let the surrogate's slope grow from X to --beta"
    )
    group.add_argument(
        "--width",
        choices=neuron.WIDTHS,
        help="width of the surrogate: fixed, learnable, from batch norm's gain (MPD-AGL), or adapted to the gradients "
        "(A2SG) (default: the method's)",
    )
    group.add_argument(
        "--mix",
        type=float,
        metavar="X",
        help="probability of a smooth spike in a mixed pass (default: 0.5; asgl 0.3)",
    )
    group.add_argument(
        "--mask",
        type=float,
        metavar="X",
        help="share of surrogate gradients dropped (default: 0; masked 0.5)",
    )
    group.add_argument(
        "--through-time",
        choices=fields.THROUGH_TIME,
        help="gradient through all time steps, online as in OTTT, or of a dense twin that turns spiking layer by layer "
        "(default: the method's)",
    )


def _radius_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--sharpness",
        choices=tuple(sharpness.KINDS),
        help="kind of the weight perturbation that makes minima flat (default: the method's)",
    )
    group.add_argument(
        "--rho",
        type=float,
        metavar="X",
        help="radius of the sharpness-aware weight perturbation (default: 0.1 where the method perturbs)",
    )
    group.add_argument(
        "--rho-delay",
        type=int,
        metavar="N",
        help="epochs without perturbation before rho's warm-up (default: 0)",
    )
    group.add_argument(
        "--rho-warmup",
        type=int,
        metavar="N",
        help="epochs in which rho grows to its full size (default: 0, or the method's 2)",
    )
    group.add_argument(
        "--rho-schedule",
        choices=tuple(schedules.RHO_SCHEDULES),
        help="course of rho over the float epochs (default: constant)",
    )


def _perturbation_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--sam-every",
        type=int,
        metavar="N",
        help="perturb the weights in each N-th training step only (default: 1)",
    )
    group.add_argument(
        "--sam-reuse",
        type=float,
        metavar="X",
        help="between perturbed training steps add X times what the last one found, as in LookSAM (default: 0)",
    )
    group.add_argument(
        "--sam-rows", type=float, metavar="X", help="share of the batch in SAM's second gradient (default: 1)"
    )
    group.add_argument(
        "--sam-rows-by",
        choices=sharpness.ROWS_BY,
        help="how the recordings of --sam-rows are chosen (default: loss)",
    )
    group.add_argument(
        "--sam-weights", type=float, metavar="X", help="share of the weights that esam perturbs (default: 1)"
    )
    group.add_argument(
        "--sam-scope", choices=sharpness.SCOPES, help="parameters that are perturbed (default: all)"
    )
    group.add_argument(
        "--gsam-alpha",
        type=float,
        metavar="X",
        help="weight of gsam's own loss term, GSAM's α (default: 0.4)",
    )
    group.add_argument(
        "--independent-batch",
        action="store_const",
        const=True,
        help="take SAM's second gradient from a minibatch of its own",
    )


def _neuron_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--reset",
        choices=neuron.RESETS,
        help="what a spike does to the membrane (default: zero, or the method's)",
    )
    group.add_argument(
        "--leak",
        metavar="K",
        help="leak of the membranes: a shift K (τ = 1 − 2^−K), two shifts as 2,4, none, or learn (default: 3)",
    )
    group.add_argument(
        "--threshold",
        choices=neuron.THRESHOLDS,
        help="threshold that is fixed, learnable, or follows the membranes; adaptive-step cannot be exported (default: "
        "the method's)",
    )
    group.add_argument(
        "--mp-init",
        action="store_const",
        const=True,
        help="let membranes start at their mean at the end of recordings (MP-Init)",
    )


def _loss_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--loss",
        choices=objective.KINDS,
        help="cross-entropy of the last answer, of the mean of all answers, of each time step by itself, or of what "
        "has arrived up to each step: for answers before the last one (default: last, or the method's)",
    )
    group.add_argument(
        "--tet-lambda", type=float, metavar="X", help="share of TET's distance term (default: 0.001; ottt 0)"
    )
    group.add_argument(
        "--rate-weight", type=float, metavar="X", help="weight of the penalty on firing rates (default: 0)"
    )
    group.add_argument(
        "--rate-limit",
        type=float,
        metavar="X",
        help="firing rate up to which a layer has no penalty (default: 0)",
    )
    group.add_argument(
        "--synops-target",
        type=float,
        metavar="N",
        help="weight additions per recording (SynOps) to train towards: fewer make a device faster",
    )
    group.add_argument(
        "--instructions-target",
        type=float,
        metavar="N",
        help="instructions of a Cortex-M4 per recording to train towards, in place of --synops-target: counted are its "
        "events, spikes, rows of weights and sweeps, without repeated events; see Loss in docs/method.md",
    )


def _teacher_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--teacher",
        nargs="+",
        metavar="RUN",
        help="learn what these trained runs answer, beside the labels (distillation): the mean of their logits; they "
        "must see the same time steps, sensor and classes",
    )
    group.add_argument(
        "--teacher-weight",
        type=float,
        metavar="X",
        help="share of the loss that the teachers' answers have, where 1 leaves the labels out (default: 0.5)",
    )
    group.add_argument(
        "--teacher-temperature",
        type=float,
        metavar="X",
        help="divisor of all logits in the teachers' part, where more makes their answers softer (default: 2)",
    )


def _epoch_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--epochs", type=int, default=12, metavar="N", help="number of float epochs")
    group.add_argument(
        "--qat-epochs",
        type=int,
        default=3,
        metavar="N",
        help="number of integer epochs at the end, in the device's arithmetic",
    )
    group.add_argument(
        "--bits",
        default="8",
        metavar="BITS",
        help="weight bits of the integer epochs, 1 to 8: one width, or one for each layer as 8,4,4,8",
    )
    group.add_argument(
        "--keep",
        default="last",
        choices=fields.KEEPS,
        help="network that the run is taken for: of its last epoch, or of the best one on the held-out part, of the "
        "integer epochs where there are any (default: last)",
    )


def _optimiser_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--optimiser",
        default="adam",
        choices=fields.OPTIMISERS,
        help="how the weights follow the gradient: Adam, or implicit gradient descent, which takes it where the step "
        "arrives and wants a --lr of 0.1 or more (default: adam)",
    )
    group.add_argument(
        "--implicit-steps",
        type=int,
        metavar="N",
        help="gradients for each step of --optimiser implicit, where 1 is plain gradient descent (default: 4)",
    )
    group.add_argument("--batch-size", type=int, default=64, metavar="N", help="recordings per gradient")
    group.add_argument(
        "--lr", type=float, default=3e-3, metavar="X", help="peak learning rate of the float epochs"
    )
    group.add_argument(
        "--qat-lr",
        type=float,
        default=0.0,
        metavar="X",
        help="learning rate of the integer epochs (default: a tenth of --lr; with 1-bit weights --lr)",
    )
    group.add_argument(
        "--recompute",
        action="store_true",
        help="save memory: keep each layer's input only and compute the rest again",
    )
    group.add_argument(
        "--precision",
        default="float32",
        choices=fields.PRECISIONS,
        help="number format of the matrix products in float epochs",
    )
    group.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="seed of weights, order, augmentation and split (default: 0)",
    )
