"""Where everything lies in the core: engine layers, blocks of weights, the place of each weight."""
