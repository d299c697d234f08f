"""Adam without the import of PyTorch's compiler, which would take longer than all else that a training imports.

The methods of torch.optim.Adam tell the compiler to leave them alone, and import it for that, compiled or not.
"""

from __future__ import annotations

import inspect

import torch


class Adam(torch.optim.Adam):
    """torch.optim.Adam's own methods, for a training that torch.compile never sees."""

    add_param_group = inspect.unwrap(torch.optim.Adam.add_param_group)
    zero_grad = inspect.unwrap(torch.optim.Adam.zero_grad)
    state_dict = inspect.unwrap(torch.optim.Adam.state_dict)
    load_state_dict = inspect.unwrap(torch.optim.Adam.load_state_dict)
    step = torch.no_grad()(inspect.unwrap(torch.optim.Adam.step))
