import threading

import numpy as np
import pytest
import torch

from edge_sast.errors import EdgeSastError
from trainer.gradients.sharpness import Sharpener
from trainer.settings.sharpness import Sharpness

SHAPES = {
    "hidden.weight": (5, 3),
    "hidden.norm.weight": (5,),
    "hidden.norm.bias": (5,),
    "out.weight": (4, 5),
}
SAMPLES, RHO, SEED = 9, 0.4, 11
X = np.random.default_rng(1).normal(size=(SAMPLES, 3))
Y = np.random.default_rng(2).integers(0, 4, SAMPLES)
PERTURBING = [
    Sharpness("sam"),
    Sharpness("asam"),
    Sharpness("gsam"),
    Sharpness("esam", weights=0.5, rows=0.5),
    Sharpness("noise"),
    Sharpness("sam", rows=0.4, rows_by="random"),
    Sharpness("sam", rows=0.4),
    Sharpness("sam", scope="norm"),
    Sharpness("sam", every=3, reuse=0.7),
]


def numpy_losses(w, rows=slice(None)):
    """Losses of the flat weights w, real or complex: an oracle that knows nothing of torch."""
    parts, at = [], 0
    for shape in SHAPES.values():
        parts.append(w[at : at + np.prod(shape)].reshape(shape))
        at += np.prod(shape)
    hidden, gain, bias, out = parts
    logits = (np.tanh(X[rows] @ hidden.T) * gain + bias) ** 3 @ out.T
    return np.log(np.exp(logits).sum(1)) - logits[np.arange(len(logits)), Y[rows]]


def numpy_gradient(w, rows=slice(None)):
    """Of the mean loss, by complex steps: Im L(w + ih)/h, exact to rounding."""
    steps = 1e-40j * np.eye(len(w))
    return np.array([numpy_losses(w + step, rows).mean().imag / 1e-40 for step in steps])


class Problem:
    """The same small network in torch, in float64; counts what the second pass is asked for."""

    def __init__(self, seed=3, dtype=torch.float64, samples=slice(None)):
        rng = np.random.default_rng(seed)
        self.parameters = {
            name: torch.tensor(0.8 * rng.normal(size=shape), dtype=dtype, requires_grad=True)
            for name, shape in SHAPES.items()
        }
        self.x, self.y = torch.tensor(X[samples], dtype=dtype), torch.from_numpy(Y[samples])
        self.asked, self.seen = [], []

    def losses(self, rows=None):
        hidden, gain, bias, out = self.parameters.values()
        x, y = (self.x, self.y) if rows is None else (self.x[rows], self.y[rows])
        logits = (torch.tanh(x @ hidden.T) * gain + bias) ** 3 @ out.T
        return torch.nn.functional.cross_entropy(logits, y, reduction="none")

    def second(self, rows):
        self.asked.append(None if rows is None else rows.tolist())
        self.seen.append(self.flat())
        return self.losses(rows)

    def flat(self):
        return torch.cat([p.detach().flatten() for p in self.parameters.values()]).numpy()

    def step(self, sharpener, step=0, rho=RHO, seed=SEED, second=None):
        """One gradient, flat."""
        for p in self.parameters.values():
            p.grad = None
        losses = self.losses()
        losses.mean().backward()
        sharpener.gradient(losses.detach(), second or self.second, rho, step, seed)
        return torch.cat([p.grad.flatten() for p in self.parameters.values()]).numpy()


def one(settings, **options):
    problem = Problem()
    return problem.step(Sharpener(settings, problem.parameters.items()), **options), problem


def unit(v):
    return v / np.linalg.norm(v)


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_none_is_the_plain_gradient():
    got, problem = one(Sharpness())
    close(got, numpy_gradient(problem.flat()))
    assert problem.asked == []


def test_sam_is_the_gradient_at_w_plus_rho_g_over_norm():
    got, problem = one(Sharpness("sam"))
    w = problem.flat()
    at = w + RHO * unit(numpy_gradient(w))
    close(got, numpy_gradient(at))
    finite = [
        (numpy_losses(at + h).mean() - numpy_losses(at - h).mean()) / 2e-5 for h in 1e-5 * np.eye(len(w))
    ]
    np.testing.assert_allclose(got, finite, atol=1e-7)
    assert problem.asked == [None]


def test_asam_scales_by_the_size_of_each_weight():
    got, problem = one(Sharpness("asam"), rho=2.0)
    w = problem.flat()
    g, t = numpy_gradient(w), np.abs(w) + 0.01
    close(got, numpy_gradient(w + 2.0 * t**2 * g / np.linalg.norm(t * g)))


def test_gsam_removes_alpha_of_what_is_orthogonal_to_the_perturbed_gradient():
    got, problem = one(Sharpness("gsam", alpha=0.3))
    w = problem.flat()
    g = numpy_gradient(w)
    perturbed = numpy_gradient(w + RHO * unit(g))
    close(got, perturbed - 0.3 * (g - (g @ perturbed) / (perturbed @ perturbed) * perturbed))
    removed = perturbed - got
    assert np.linalg.norm(removed) > 1e-3
    assert abs(unit(removed) @ unit(perturbed)) < 1e-9


def test_gsam_without_alpha_is_sam():
    assert np.array_equal(one(Sharpness("gsam", alpha=0.0))[0], one(Sharpness("sam"))[0])


def test_noise_has_sams_length_and_comes_from_seed_and_step_alone():
    state = torch.get_rng_state()
    got, problem = one(Sharpness("noise"))
    w = problem.flat()
    e = problem.seen[0] - w
    assert np.isclose(np.linalg.norm(e), RHO, rtol=1e-12)
    close(got, numpy_gradient(w + e))
    torch.manual_seed(99)
    assert np.array_equal(one(Sharpness("noise"))[0], got)
    torch.set_rng_state(state)
    assert not np.allclose(one(Sharpness("noise"), step=1)[1].seen[0], problem.seen[0])
    assert not np.allclose(one(Sharpness("noise"), seed=12)[1].seen[0], problem.seen[0])
    assert torch.equal(torch.get_rng_state(), state)


def test_esam_with_both_shares_one_is_sam_bit_for_bit():
    assert np.array_equal(one(Sharpness("esam"))[0], one(Sharpness("sam"))[0])


def test_esam_moves_a_share_of_the_weights_further():
    got, problem = one(Sharpness("esam", weights=0.5))
    w = problem.flat()
    full = RHO * unit(numpy_gradient(w))
    e = problem.seen[0] - w
    moved = e != 0
    assert 0 < moved.sum() < len(w)
    close(e[moved], 2 * full[moved])
    close(got, numpy_gradient(problem.seen[0]))


def test_esam_takes_the_samples_whose_loss_rose_most():
    got, problem = one(Sharpness("esam", rows=0.45))
    w = problem.flat()
    at = w + RHO * unit(numpy_gradient(w))
    rows = np.sort(np.argsort(numpy_losses(w) - numpy_losses(at))[:4])
    assert problem.asked == [None, rows.tolist()]
    close(got, numpy_gradient(at, rows))


def test_rows_by_loss_are_the_worst_of_the_first_pass():
    got, problem = one(Sharpness("sam", rows=1 / 3))
    w = problem.flat()
    rows = np.sort(np.argsort(-numpy_losses(w))[:3])
    assert problem.asked == [rows.tolist()]
    close(got, numpy_gradient(w + RHO * unit(numpy_gradient(w)), rows))


def test_random_rows_differ_between_steps_and_share_nothing_with_the_global_generator():
    settings = Sharpness("sam", rows=1 / 3, rows_by="random")
    asked = []
    for step in range(20):
        torch.manual_seed(step)
        got, problem = one(settings, step=step)
        assert problem.asked == one(settings, step=step)[1].asked
        rows = problem.asked[0]
        assert len(rows) == 3
        assert rows == sorted(set(rows))
        w = problem.flat()
        close(got, numpy_gradient(w + RHO * unit(numpy_gradient(w)), rows))
        asked += rows
    assert set(asked) == set(range(SAMPLES))


def test_a_tiny_share_still_takes_one_sample():
    assert len(one(Sharpness("sam", rows=1e-6))[1].asked[0]) == 1


def test_norm_scope_moves_batch_norms_parameters_only():
    got, problem = one(Sharpness("sam", scope="norm"))
    w = problem.flat()
    inside = np.repeat([False, True, True, False], [15, 5, 5, 20])
    close(got, numpy_gradient(w + RHO * unit(np.where(inside, numpy_gradient(w), 0))))


def test_norm_scope_without_batch_norm_is_told():
    with pytest.raises(
        EdgeSastError, match=r"^--sam-scope is 'norm', but the network has no batch norm; use"
    ):
        Sharpener(Sharpness("sam", scope="norm"), [("weight", torch.ones(2))])


@pytest.mark.parametrize("every", [1, 2, 3, 7])
def test_every_kth_step_has_a_second_pass(every):
    problem = Problem()
    sharpener = Sharpener(Sharpness("sam", every=every), problem.parameters.items())
    w = problem.flat()
    plain, sam = numpy_gradient(w), numpy_gradient(w + RHO * unit(numpy_gradient(w)))
    for step in range(12):
        before = len(problem.asked)
        close(problem.step(sharpener, step), plain if step % every else sam)
        assert (len(problem.asked) > before) == sharpener.needs_second(step, RHO) == (step % every == 0)
    assert len(problem.asked) == len(range(0, 12, every))
    assert sharpener.state_dict() == {}


def test_reuse_adds_the_stored_orthogonal_part_at_the_plain_gradients_scale():
    problem = Problem()
    sharpener = Sharpener(Sharpness("sam", every=2, reuse=0.7), problem.parameters.items())
    w = problem.flat()
    g = numpy_gradient(w)
    sam = numpy_gradient(w + RHO * unit(g))
    close(problem.step(sharpener, 1), g)  # nothing is stored yet
    close(problem.step(sharpener, 0), sam)
    v = sam - (sam @ g) / (g @ g) * g
    with torch.no_grad():
        for p in problem.parameters.values():
            p.mul_(1.1)
    now = numpy_gradient(problem.flat())
    close(problem.step(sharpener, 1), now + 0.7 * np.linalg.norm(now) / np.linalg.norm(v) * v)
    close(problem.step(sharpener, 1, rho=0.0), now)
    assert len(problem.asked) == 1


@pytest.mark.parametrize("settings", PERTURBING)
def test_a_resumed_run_goes_on_in_the_same_bits(settings):
    def walk(problem, sharpener, steps):
        for step in steps:
            problem.step(sharpener, step)
            with torch.no_grad():
                for p in problem.parameters.values():
                    p.sub_(p.grad, alpha=0.1)

    whole, parts = Problem(dtype=torch.float32), Problem(dtype=torch.float32)
    walk(whole, Sharpener(settings, whole.parameters.items()), range(8))
    first = Sharpener(settings, parts.parameters.items())
    walk(parts, first, range(4))
    second = Sharpener(settings, parts.parameters.items())
    second.load_state_dict(first.state_dict())
    walk(parts, second, range(4, 8))
    assert np.array_equal(whole.flat(), parts.flat())


def test_state_of_another_network_is_refused():
    sharpener = Sharpener(Sharpness("sam", every=2, reuse=0.7), Problem().parameters.items())
    for state in ({"other": torch.ones(5)}, {"hidden.norm.bias": torch.ones(6)}):
        with pytest.raises(
            EdgeSastError, match=r"^checkpoint: sharpness state '.*' fits no parameter; train again"
        ):
            sharpener.load_state_dict(state)


@pytest.mark.parametrize("settings", PERTURBING)
def test_weights_are_restored_bit_for_bit_also_when_the_second_pass_fails(settings):
    problem = Problem(dtype=torch.float32)
    sharpener = Sharpener(settings, problem.parameters.items())
    before = problem.flat().copy()
    problem.step(sharpener)
    assert not np.array_equal(problem.seen[0], before)
    assert np.array_equal(problem.flat(), before)

    def broken(_):
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        problem.step(sharpener, second=broken)
    assert np.array_equal(problem.flat(), before)


@pytest.mark.parametrize("settings", PERTURBING)
def test_radius_zero_is_a_plain_step(settings):
    got, problem = one(settings, rho=0.0)
    assert np.array_equal(got, one(Sharpness())[0])
    assert problem.asked == []


@pytest.mark.parametrize("settings", PERTURBING)
def test_a_gradient_of_zero_does_not_become_nan(settings):
    w = torch.zeros(3, requires_grad=True)
    sharpener = Sharpener(settings, [("norm.weight", w)])
    for step in range(2):
        w.grad = None
        losses = (w**2).sum().repeat(6)
        losses.mean().backward()
        sharpener.gradient(
            losses.detach(), lambda rows: (w**2).sum().repeat(6 if rows is None else len(rows)), 0.5, step, 0
        )
        assert bool(w.grad.isfinite().all())


def test_parameters_without_a_gradient_stay_out():
    w, unused = torch.tensor([3.0], requires_grad=True), torch.tensor([7.0], requires_grad=True)
    (w**2).sum().backward()
    sharpener = Sharpener(Sharpness("sam"), [("w", w), ("unused", unused)])
    sharpener.gradient(w.detach() ** 2, lambda _: w**2, 0.5, 0, 0)
    assert w.grad.tolist() == [7.0]
    assert unused.grad is None


@pytest.mark.parametrize(
    ("settings", "step", "calls"),
    [(Sharpness(), 0, 1), (Sharpness("sam", every=2), 1, 1), (Sharpness("sam", every=2), 0, 2)]
    + [(settings, 0, 2) for settings in PERTURBING],
)
def test_workers_average_before_epsilon_and_before_the_step(settings, step, calls):
    problem, averaged = Problem(), []
    sharpener = Sharpener(
        settings, problem.parameters.items(), lambda gradients: averaged.append(len(gradients))
    )
    problem.step(sharpener, step)
    assert averaged == [4] * calls


@pytest.mark.parametrize(
    "settings",
    [
        Sharpness("sam"),
        Sharpness("asam"),
        Sharpness("gsam"),
        Sharpness("esam", weights=0.5),
        Sharpness("noise"),
        Sharpness("sam", every=2, reuse=0.7),
    ],
)
def test_two_workers_with_half_the_batch_step_as_one_with_all(settings):
    halves = [Problem(samples=slice(0, 4)), Problem(samples=slice(4, 8))]
    barrier, shared, got = threading.Barrier(2), [None, None], [[], []]

    def work(index):
        def average(gradients):
            shared[index] = [g.clone() for g in gradients]
            barrier.wait(60)
            for g, a, b in zip(gradients, *shared, strict=True):
                g.copy_((a + b) / 2)
            barrier.wait(60)

        sharpener = Sharpener(settings, halves[index].parameters.items(), average)
        got[index] = [halves[index].step(sharpener, step) for step in range(2)]

    threads = [threading.Thread(target=work, args=(index,), daemon=True) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    whole = Problem(samples=slice(0, 8))
    sharpener = Sharpener(settings, whole.parameters.items())
    for step in range(2):
        close(got[0][step], whole.step(sharpener, step))
        assert np.array_equal(got[0][step], got[1][step])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "flat"}, "--sharpness is 'flat'; choose none, sam, asam, gsam, esam, noise"),
        ({"kind": "sam", "scope": "conv"}, "--sam-scope is 'conv'; choose all, norm"),
        ({"kind": "sam", "rows_by": "label"}, "--sam-rows-by is 'label'; choose loss, random"),
        ({"kind": "sam", "every": 0}, "--sam-every is 0; it must be 1 to 1e+06"),
        ({"kind": "sam", "every": 2, "reuse": -0.1}, "--sam-reuse is -0.1; it must be 0 to 10"),
        ({"kind": "gsam", "alpha": float("nan")}, "--gsam-alpha is nan; it must be 0 to 10"),
        ({"kind": "sam", "rows": 0.0}, "--sam-rows is 0.0; it must be above 0 and at most 1"),
        ({"kind": "esam", "weights": 1.5}, "--sam-weights is 1.5; it must be above 0 and at most 1"),
        (
            {"every": 2},
            "--sam-every is 2, which --sharpness none does not take; leave it out, or choose sam, asam, gsam, esam, "
            "noise",
        ),
        (
            {"kind": "sam", "alpha": 0.5},
            "--gsam-alpha is 0.5, which --sharpness sam does not take; leave it out, or choose gsam",
        ),
        (
            {"kind": "noise", "weights": 0.5},
            "--sam-weights is 0.5, which --sharpness noise does not take; leave it out, or choose esam",
        ),
        (
            {"kind": "esam", "rows": 0.5, "rows_by": "random"},
            "--sam-rows-by is 'random', which --sharpness esam does not take; leave it out, or choose sam, asam, gsam, "
            "noise",
        ),
        (
            {"kind": "sam", "reuse": 0.7},
            "--sam-reuse is 0.7, but --sam-every is 1: no step lies between; raise --sam-every",
        ),
        (
            {"kind": "sam", "rows_by": "random"},
            "--sam-rows-by is 'random', but --sam-rows is 1: all are taken; lower --sam-rows",
        ),
    ],
)
def test_settings_are_checked(options, message):
    with pytest.raises(EdgeSastError) as told:
        Sharpness(**options)
    assert str(told.value) == message


def test_chosen_samples_want_the_same_batch():
    assert Sharpness("sam", rows=0.5).same_batch
    assert Sharpness("esam", rows=0.5).same_batch
    assert not Sharpness("sam", rows=0.5, rows_by="random").same_batch
    assert not Sharpness("sam").same_batch
