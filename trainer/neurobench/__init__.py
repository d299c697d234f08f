"""Integer models under NeuroBench's harness, and its figures beside those of edge-sast. See docs/neurobench.md."""
