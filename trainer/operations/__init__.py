"""The compiled loops as differentiable operations on tensors."""
