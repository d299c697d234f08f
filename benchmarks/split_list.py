"""Lists that set a part of a split aside, class by class, as `[parts]` of a dataset.toml on stdout.

    python benchmarks/split_list.py DATA --of train --part test --share 0.2 --seed 1 > dataset.toml

benchmarks/nmnist_split.toml was made by this command from N-MNIST's recordings in train.zip: 8,000 to train on and
2,000 that nothing is chosen by. Put it beside train.zip and valid.zip as dataset.toml; in a folder of links, where
theirs cannot be written to.
"""

from __future__ import annotations

import argparse
import sys
import textwrap

import numpy as np

from edge_sast.datasets.sources.folder import open_folder
from edge_sast.datasets.sources.split_lists import names_sha256
from edge_sast.datasets.split import stratified_split
from edge_sast.errors import EdgeSastError


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", metavar="DATA", help="folder of recordings")
    parser.add_argument("--of", default="train", help="split to divide")
    parser.add_argument("--part", default="test", help="name of the part that is set aside")
    parser.add_argument("--share", type=float, default=0.2, help="of each class")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    dataset = open_folder(args.data)
    labels = np.array([ref.label for ref in dataset.recordings(args.of)])
    _, aside = stratified_split(labels, args.share, args.seed, dataset.classes)
    print(
        f"# {len(aside)} of {len(labels)} recordings, {args.share:g} of each class, drawn with seed {args.seed}"
    )
    print(f'[parts]\nof = "{args.of}"\nrecordings = {len(labels)}')
    print(f'names_sha256 = "{names_sha256(dataset.by_split[args.of])}"\n\n[parts.lists]')
    places = textwrap.fill(", ".join(map(str, aside)), 118, initial_indent="  ", subsequent_indent="  ")
    print(f"{args.part} = [\n{places}\n]")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EdgeSastError as error:
        print(f"split_list: {error}", file=sys.stderr)
        sys.exit(2)
