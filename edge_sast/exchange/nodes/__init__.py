"""NIR's nodes in their order, under the rules of a tool: layers in real numbers, channel-last."""
