"""Adam without PyTorch's compiler updates as PyTorch's own does, bit by bit."""

import torch

from trainer.run.adam import Adam


def steps(optimiser, parameters, seed):
    """Three steps along drawn gradients."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(3):
        optimiser.zero_grad()
        assert all(parameter.grad is None for parameter in parameters)
        for parameter in parameters:
            parameter.grad = torch.randn(parameter.shape, generator=generator)
        optimiser.step()


def test_updates_and_state_are_those_of_pytorch():
    results = []
    for kind in (Adam, torch.optim.Adam):
        parameters = [torch.linspace(-1, 1, n).requires_grad_() for n in (1, 33, 260)]
        first = kind(parameters, lr=0.01)
        steps(first, parameters, 1)
        again = kind(parameters, lr=0.01)
        again.load_state_dict(first.state_dict())
        steps(again, parameters, 2)
        states = again.state_dict()["state"]
        results.append([*(p.detach() for p in parameters), *(t for i in states for t in states[i].values())])
    assert len(results[0]) == 3 + 3 * 3
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))
