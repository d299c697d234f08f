import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.gradients import perturbation


def vector(seed, scale=1.0):
    rng = np.random.default_rng(seed)
    return [torch.tensor(scale * rng.normal(size=shape)) for shape in ((3, 2), (4,), ())]


def flat(parts):
    return np.concatenate([part.numpy().ravel() for part in parts])


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1e-120, 1e-3, 1.0, 1e100]))
def test_norms_products_and_the_orthogonal_part_are_those_of_one_long_vector(seed, scale):
    v, d = vector(seed), vector(seed + 1, scale)
    assert np.isclose(float(perturbation.norm(v)), np.sqrt((flat(v) ** 2).sum()), rtol=1e-13)
    assert np.isclose(float(perturbation.dot(v, d)), flat(v) @ flat(d), rtol=1e-12, atol=1e-14 * scale)
    assert np.isclose(float(perturbation.norm(perturbation.with_norm(d, 0.3))), 0.3, rtol=1e-13)
    rest, unit = flat(perturbation.orthogonal(v, d)), flat(d) / np.linalg.norm(flat(d))
    assert abs(rest @ unit) < 1e-13
    np.testing.assert_allclose(rest + (flat(v) @ unit) * unit, flat(v), rtol=1e-12, atol=1e-13)


def test_a_zero_vector_has_no_direction():
    zero = [torch.zeros(3), torch.zeros(2, 2)]
    assert all(bool((part == 0).all()) for part in perturbation.ascent(zero, 1e6))
    assert all(bool((part == 0).all()) for part in perturbation.adaptive_ascent(zero, zero, 1e6))
    v = [torch.ones(3), torch.ones(2, 2)]
    assert all(torch.equal(a, b) for a, b in zip(perturbation.orthogonal(v, zero), v, strict=True))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6))
def test_without_eta_asam_does_not_see_how_single_weights_are_scaled(seed):
    """With w = a·w′ the gradient by w′ is a·g; both must reach the same point w + ε = a·(w′ + ε′)."""
    rng = np.random.default_rng(seed)
    w, g = vector(seed + 1), vector(seed + 2)
    a = [torch.tensor(10.0 ** rng.uniform(-3, 3, tuple(x.shape))) for x in w]
    here = perturbation.adaptive_ascent(w, g, 0.7, eta=0.0)
    there = perturbation.adaptive_ascent(
        [x / s for x, s in zip(w, a, strict=True)], [x * s for x, s in zip(g, a, strict=True)], 0.7, eta=0.0
    )
    np.testing.assert_allclose(flat([e * s for e, s in zip(there, a, strict=True)]), flat(here), rtol=1e-10)


def test_asam_is_the_papers_formula():
    w, g = vector(0), vector(1)
    t = np.abs(flat(w)) + 0.01
    expected = 0.5 * t**2 * flat(g) / np.linalg.norm(t * flat(g))
    np.testing.assert_allclose(flat(perturbation.adaptive_ascent(w, g, 0.5)), expected, rtol=1e-13)


def test_noise_is_as_long_as_asked_and_isotropic():
    like = [torch.zeros(300, 40), torch.zeros(2000)]
    e = perturbation.noise(like, 0.25, torch.Generator().manual_seed(1))
    z = flat(e).astype(np.float64)
    assert np.isclose(np.linalg.norm(z), 0.25, rtol=1e-6)
    z *= np.sqrt(len(z)) / 0.25
    assert abs(z.mean()) < 0.03
    assert abs((np.abs(z) < 1).mean() - 0.6827) < 0.02


def test_thinning_keeps_a_share_and_the_mean():
    e = [torch.full((300, 100), 0.5), torch.full((10_000,), -2.0)]
    kept = perturbation.thinned(e, 0.25, torch.Generator().manual_seed(1))
    assert set(kept[0].unique().tolist()) == {0.0, 2.0}
    assert set(kept[1].unique().tolist()) == {-8.0, 0.0}
    assert abs(float((flat(kept) != 0).mean()) - 0.25) < 0.01
